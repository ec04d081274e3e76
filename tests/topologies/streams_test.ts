import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, debezium, Decimal, events, int8, numeric, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const clicks = events("shop.clickstream", {
  row: z.object({ user_id: int8(), url: z.string(), price: numeric(12, 2).nullable(), ms: z.int() }),
  time: ({ ms }) => ms * 1_000,
});
const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8(), country: z.string() }) });
const views = clickhouseAppend("views", {
  columns: { user_id: "Int64", url: "String", price: "Nullable(Decimal(12, 2))", at: "DateTime64(6)" },
  orderBy: ["user_id", "at"],
  partitionBy: "toYYYYMM(at)",
});

const plain = topology("views", (builder) => {
  builder.stream(clicks).mapValues(({ ms: _, ...click }, _key, { timestampUs }) => ({ ...click, at: timestampUs })).to(
    views,
  );
});

const click = (user_id: number | bigint, changes: Readonly<Record<string, unknown>> = {}) => ({
  key: String(user_id),
  value: { user_id, url: "/", price: null, ms: 1_000, ...changes },
});

for (const warehouse of ["memory", "embedded"] as const) {
  Deno.test(`a stream adds each event once, over restarts and partitions (${warehouse})`, async () => {
    await using driver = createTopologyTestDriver(plain, { partitions: 3, warehouse });
    for (let user = 1; user <= 20; user++) driver.send(clicks, click(user));
    await driver.settle();
    assertEquals(driver.appended(views).length, 20);
    driver.send(clicks, click(2n ** 60n, { url: "/é", price: Decimal.parse("12.5"), ms: 1_767_225_600_000 }));
    assertEquals(await driver.restart(), []);
    const last = driver.appended(views).filter(({ url }) => url !== "/");
    assertEquals([driver.appended(views).length, last], [21, [
      { user_id: 2n ** 60n, url: "/é", price: "12.50", at: 1_767_225_600_000_000 },
    ]]);
    await driver.restart();
    assertEquals([driver.appended(views).length, driver.deadLetters(), driver.problems()], [21, [], []]);
  });
}

Deno.test("events that cannot be read or processed are dead letters with their places, and stay so", async () => {
  const picky = topology("picky", (builder) => {
    builder.stream(clicks).mapValues(({ user_id, url }, _, { timestampUs }) => {
      if (url === "/bad") throw new Error("a bad page");
      return { user_id, url, price: url === "/dear" ? Decimal.parse("99999999999.99") : null, at: timestampUs };
    }).to(views);
  });
  const refuses = (sink: string, row: Readonly<Record<string, unknown>>) => sink === "views" && row.url === "/refused";
  await using driver = createTopologyTestDriver(picky, { partitions: 1, refuses });
  for (const value of ["nothing", '{"user_id":1}', null, { ...click(1).value, ms: 1.5 }]) {
    driver.send(clicks, { value });
  }
  for (const url of ["/1", "/bad", "/dear", "/refused", "/2", "/bad"]) driver.send(clicks, click(1, { url }));
  await driver.settle();
  await driver.restart();
  assertEquals(driver.appended(views).map(({ url }) => url), ["/1", "/2"]);
  const letters = driver.deadLetters().sort((a, b) => a.offset! - b.offset!);
  assertEquals(
    letters.map(({ offset, stage, reason, operator, resolvedMs }) => [offset, stage, reason, operator, resolvedMs]),
    [
      [0, "decode", "not_json", "shop.clickstream", null],
      [1, "decode", "missing_column", "shop.clickstream", null],
      [3, "decode", "wrong_type", "shop.clickstream", null],
      [5, "callback", "callback_threw", "clickstream.mapValues", null],
      [6, "callback", "callback_threw", "sink views", null],
      [7, "sink", "refused", "sink views", null],
      [9, "callback", "callback_threw", "clickstream.mapValues", null],
    ],
  );
});

Deno.test("a stream begins at the end of its topic if it says so, and then misses nothing", async () => {
  const late = events("shop.late", { text: true, from: "latest" });
  const texts = clickhouseAppend("texts", { columns: { text: "String" }, orderBy: ["text"] });
  const fromEnd = topology("from-end", (builder) => builder.stream(late).mapValues((text) => ({ text })).to(texts));
  await using driver = createTopologyTestDriver(fromEnd, { partitions: 1 });
  driver.send(late, { value: "before" });
  await driver.settle();
  driver.send(late, { value: "after" });
  await driver.restart();
  assertEquals(driver.appended(texts), [{ text: "after" }]);
});

Deno.test("a join with a global table takes the row of the moment; tables and streams run side by side", async () => {
  const people = clickhouse("people", { key: ["id"], columns: { id: "Int64", country: "String" } });
  const visits = clickhouseAppend("visits", { columns: { url: "String", country: "String" }, orderBy: ["url"] });
  const joined = topology("joined", (builder) => {
    builder.table(users).to(people);
    builder.stream(clicks).leftJoin("user", builder.globalTable(users), ({ user_id }) => user_id)
      .mapValues(({ url, user }) => ({ url, country: user?.country ?? "?" })).to(visits);
  });
  await using driver = createTopologyTestDriver(joined, { partitions: 2 });
  driver.insert(users, { id: 1, country: "AT" });
  driver.send(clicks, click(1, { url: "/1" }));
  await driver.settle();
  driver.update(users, { id: 1, country: "DE" });
  await driver.settle();
  driver.send(clicks, click(1, { url: "/2" }));
  driver.send(clicks, click(2, { url: "/3" }));
  await driver.restart();
  const shown = driver.appended(visits).map(({ url, country }) => `${url} ${country}`).sort();
  assertEquals(shown, ["/1 AT", "/2 DE", "/3 ?"]);
  assertEquals(driver.select(people), [{ id: 1, country: "DE" }]);
});

Deno.test("streams of several topics are merged into one table, and their rows are told apart", async () => {
  const other = events("shop.other", { row: z.object({ url: z.string() }) });
  const urls = clickhouseAppend("urls", { columns: { url: "String" }, orderBy: ["url"] });
  const merged = topology("merged", (builder) => {
    builder.stream(clicks).mapValues(({ url }) => ({ url })).merge(builder.stream(other)).to(urls);
  });
  await using driver = createTopologyTestDriver(merged, { partitions: { clickstream: 2, other: 1 } });
  driver.send(clicks, click(1, { url: "/a" }));
  driver.send(other, { value: { url: "/b" } });
  await driver.settle();
  await driver.restart();
  assertEquals(driver.appended(urls).map(({ url }) => url).sort(), ["/a", "/b"]);
});
