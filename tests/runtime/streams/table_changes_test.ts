import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouseAppend,
  count,
  debezium,
  Decimal,
  events,
  int8,
  numeric,
  session,
  sum,
  topology,
} from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const users = debezium("shop.public.users", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), country: z.string() }),
});
const orders = debezium("shop.public.orders", {
  key: ["id"],
  row: z.object({ id: int8(), user_id: int8(), status: z.string() }),
});
const told = clickhouseAppend("told", {
  columns: { id: "Int64", name: "Nullable(String)" },
  orderBy: ["id"],
});

const plain = topology("plain", (builder) => {
  builder.toStream(builder.table(users).filter(({ country }) => country === "AT"))
    .map((row, { id }) => [null, { id, name: row?.name ?? null }]).to(told);
});

Deno.test("toStream() of a table tells each change of a row once, in order, and its end", async () => {
  await using driver = createTopologyTestDriver(plain, { partitions: 3 });
  driver.insert(users, { id: 1n, name: "Ada", country: "AT" });
  driver.insert(users, { id: 2n, name: "Bob", country: "DE" });
  await driver.settle();
  driver.update(users, { id: 1n, name: "Eva", country: "AT" });
  driver.update(users, { id: 2n, name: "Bo", country: "DE" });
  await driver.settle();
  await driver.restart();
  driver.update(users, { id: 2n, name: "Bo", country: "AT" });
  driver.update(users, { id: 1n, name: "Eva", country: "DE" });
  await driver.settle();
  driver.delete(users, 2n);
  await driver.settle();
  await driver.restart();
  await driver.settle();
  assertEquals(
    driver.appended(told).map(({ id, name }) => `${id} ${name}`).sort(),
    ["1 Ada", "1 Eva", "1 null", "2 Bo", "2 null"],
  );
});

const joined = topology("joined", (builder) => {
  const all = builder.table(orders).join("user", builder.table(users), ({ user_id }) => user_id);
  builder.toStream(all).map((row, { id }) => [null, { id, name: row?.user.name ?? null }]).to(told);
});

Deno.test("toStream() of a join tells changes of both sides", async () => {
  await using driver = createTopologyTestDriver(joined, { partitions: 2 });
  driver.insert(orders, { id: 7n, user_id: 1n, status: "new" });
  await driver.settle();
  driver.insert(users, { id: 1n, name: "Ada", country: "AT" });
  await driver.settle();
  driver.update(users, { id: 1n, name: "Eva", country: "AT" });
  await driver.settle();
  driver.delete(users, 1n);
  await driver.settle();
  assertEquals(driver.appended(told).map(({ id, name }) => `${id} ${name}`), ["7 Ada", "7 Eva", "7 null"]);
});

const totals = topology("totals", (builder) => {
  const perUser = builder.table(orders).groupBy(({ user_id }) => ({ user_id })).aggregate("per_user", { n: count() });
  builder.toStream(perUser).map((row, { user_id }) => [null, { id: user_id, name: row === null ? null : `${row.n}` }])
    .to(told);
});

Deno.test("toStream() of an aggregate of a table has the group's columns as key, also where it is gone", async () => {
  await using driver = createTopologyTestDriver(totals, { partitions: 2 });
  driver.insert(orders, { id: 7n, user_id: 1n, status: "new" });
  await driver.settle();
  driver.insert(orders, { id: 8n, user_id: 1n, status: "new" });
  await driver.settle();
  await driver.restart();
  driver.delete(orders, 7n);
  await driver.settle();
  driver.delete(orders, 8n);
  await driver.settle();
  assertEquals(driver.appended(told).map(({ id, name }) => `${id} ${name}`), ["1 1", "1 2", "1 1", "1 null"]);
});

const clicks = events("shop.clicks", {
  row: z.object({ user: z.string(), at: z.int() }),
  time: ({ at }) => at * 1_000_000,
});
const spans = clickhouseAppend("spans", {
  columns: { user: "String", window_start: "Int64", window_end: "Int64", n: "Nullable(UInt64)", at: "Int64" },
  orderBy: ["user"],
});

const sessions = topology("sessions", (builder) => {
  const counted = builder.stream(clicks).groupBy(({ user }) => ({ user }))
    .windowedBy(session({ seconds: 10 }, { grace: { days: 1 } })).count("counted");
  const many = counted.filter(({ count }) => count < 3);
  builder.toStream(many, { time: ({ window_end }) => window_end })
    .map((row, key, { timestampUs }) => [null, { ...key, n: row?.count ?? null, at: timestampUs }]).to(spans);
});

Deno.test("toStream() of filtered windows tells both ends, and a session that grows as another one", async () => {
  await using driver = createTopologyTestDriver(sessions, { partitions: 2 });
  const nowUs = driver.nowMs * 1_000;
  for (const at of [100, 105, 107]) {
    driver.send(clicks, { key: null, value: { user: "ada", at } });
    await driver.settle();
  }
  const shown = driver.appended(spans).map(({ user, window_start, window_end, n, at }) => {
    const [start, end] = [window_start, window_end].map((us) => Number(us) / 1_000_000);
    return `${user} ${start}-${end} ${n} ${Number(at) >= nowUs ? "now" : Number(at) / 1_000_000}`;
  });
  assertEquals(shown, ["ada 100-100 1 100", "ada 100-100 null 105", "ada 100-105 2 105", "ada 100-105 null now"]);
});

const wide = debezium("shop.public.wide", {
  key: ["id", "name"],
  row: z.object({ id: int8(), name: z.string(), price: numeric(12, 2), big: int8(), tags: z.string() }),
});
const values = clickhouseAppend("values", { columns: { text: "String" }, orderBy: ["text"] });

const typed = topology("typed", (builder) => {
  builder.toStream(builder.table(wide)).map((row, key) => {
    const text = row === null
      ? "gone"
      : `${row.price.plus(Decimal.parse("0.05"))} ${BigInt(row.big) + 1n} ${row.tags.length}`;
    return [null, { text: `${typeof key.id} ${key.name} ${text}` }];
  }).to(values);
});

Deno.test("toStream() gives rows and keys with the types of their columns, also where a row is gone", async () => {
  await using driver = createTopologyTestDriver(typed, {});
  const big = 9_007_199_254_740_993n;
  driver.insert(wide, { id: big, name: "a/b", price: "1.20", big, tags: "x" } as never);
  await driver.settle();
  driver.delete(wide, { id: big, name: "a/b" } as never);
  await driver.settle();
  assertEquals(driver.appended(values).map(({ text }) => text), [
    "bigint a/b 1.25 9007199254740994 1",
    "bigint a/b gone",
  ]);
});

const young = topology("young", (builder) => {
  const dated = debezium("shop.public.dated", { key: ["id"], row: z.object({ id: z.int(), at: z.int() }) });
  builder.toStream(builder.table(dated).expireAfter("at", { hours: 1 }))
    .map((row, { id }) => [null, { id: BigInt(id), name: row === null ? null : "there" }]).to(told);
});

Deno.test("toStream() tells a row that expires as gone", async () => {
  await using driver = createTopologyTestDriver(young, {});
  const source = young.nodes.find((node) => node.op === "source")!.source;
  driver.insert({ spec: source } as never, { id: 1, at: driver.nowMs * 1_000 } as never);
  await driver.settle();
  await driver.advanceWallClockTime({ hours: 1, milliseconds: 1 });
  await driver.settle();
  assertEquals(driver.appended(told).map(({ id, name }) => `${id} ${name}`), ["1 there", "1 null"]);
});

const chained = topology("chained", (builder) => {
  const named = builder.table(users).selectKey("by_name", ({ name }) => ({ name }));
  const changes = builder.toStream(named).mapValues((row) => ({ n: row === null ? 0 : 1 }));
  const times = changes.groupByKey().aggregate("times", { changes: count(), there: sum(({ n }) => n) });
  builder.toStream(times.filter(({ there }) => there > 0))
    .map((row, { name }) => [null, { id: BigInt(row?.changes ?? 0), name }]).to(told);
});

Deno.test("toStream() of a table that is made of another one's changes", async () => {
  await using driver = createTopologyTestDriver(chained, { partitions: 3 });
  driver.insert(users, { id: 1n, name: "Ada", country: "AT" });
  await driver.settle();
  driver.update(users, { id: 1n, name: "Eva", country: "AT" });
  await driver.settle();
  await driver.restart();
  assertEquals(driver.appended(told).map(({ id, name }) => `${id} ${name}`).sort(), ["1 Ada", "1 Eva", "2 Ada"]);
});
