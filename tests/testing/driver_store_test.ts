import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  citext,
  clickhouse,
  clickhouseAppend,
  count,
  debezium,
  Decimal,
  events,
  int8,
  numeric,
  session,
  store,
  sum,
  topology,
  tumbling,
} from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8(), country: z.string() }) });
const items = debezium("shop.items", {
  key: ["order_id", "line"],
  row: z.object({ order_id: int8(), line: int8(), user_id: int8(), price: numeric(12, 2) }),
});
const clicks = events("shop.clicks", { row: z.object({ user_id: int8(), n: int8() }) });
const spent = clickhouse("spent", { key: ["user_id"], columns: { user_id: "Int64", spent: "Decimal(12, 2)" } });
const sold = clickhouse("sold", {
  key: ["order_id", "line"],
  columns: { order_id: "Int64", line: "Int64", country: "String", spent: "Decimal(12, 2)" },
});
const visits = clickhouse("visits", {
  key: ["user_id", "window_start"],
  columns: { user_id: "Int64", window_start: "Int64", window_end: "Int64", clicks: "UInt64" },
});
const minutes = clickhouseAppend("minutes", { columns: { user_id: "Int64", clicks: "UInt64" }, orderBy: ["user_id"] });
const firsts = clickhouseAppend("firsts", { columns: { n: "Int64" }, orderBy: ["n"] });

const coupons = debezium("shop.coupons", { key: ["code"], row: z.object({ code: citext(), share: z.number() }) });
const shares = clickhouse("shares", { key: ["code"], columns: { code: "String", share: "Float64" } });

const TABLES = topology("tables", (builder) => {
  const bought = builder.table(items);
  const totals = bought.groupBy(({ user_id }) => ({ user_id })).aggregate("spent", {
    spent: sum(({ price }) => price),
  });
  totals.to(spent);
  bought.join("user", builder.globalTable(users), ({ user_id }) => user_id)
    .join("total", totals, ({ user_id }) => user_id)
    .mapValues(({ order_id, line, user, total }) => {
      return { order_id, line, country: user.country, spent: total.spent };
    }).to(sold);
});

Deno.test("TopologyTestDriver.store() reads tables by their sources, and totals by their names", async () => {
  await using driver = createTopologyTestDriver(TABLES, { partitions: 3 });
  driver.insert(users, { id: 2n ** 60n, country: "CH" });
  for (let line = 1; line <= 3; line++) {
    driver.insert(items, { order_id: 7, line, user_id: 2n ** 60n, price: Decimal.parse(`${line}.50`) });
  }
  driver.insert(items, { order_id: 8, line: 1, user_id: 5, price: Decimal.parse("1.00") });
  assertThrows(() => driver.store(items), TypeError, "none before settle()");
  await driver.settle();
  const bought = driver.store(items);
  assertEquals(bought.get({ order_id: 7, line: 2 })?.price.toString(), "2.50");
  assertEquals(bought.get({ order_id: 7, line: 9 }), null);
  assertEquals(bought.of({ order_id: 7 }).map(({ key }) => key.line), [1, 2, 3]);
  assertEquals(bought.all().map(({ key }) => [key.order_id, key.line]), [[7, 1], [7, 2], [7, 3], [8, 1]]);
  assertEquals(driver.store(users).get(2n ** 60n), { id: 2n ** 60n, country: "CH" });
  const totals = driver.store<{ user_id: number | bigint }, { spent: Decimal }>("spent");
  assertEquals(totals.all().map(({ key, value }) => [key.user_id, value.spent.toString()]), [
    [5, "1.00"],
    [2n ** 60n, "7.50"],
  ]);
  driver.delete(items, { order_id: 7, line: 3 });
  await driver.settle();
  assertEquals([bought.get({ order_id: 7, line: 3 }), totals.get(2n ** 60n)?.spent.toString()], [null, "4.00"]);
  assertThrows(() => driver.store("item"), TypeError, 'Cannot open store "item": there are items, spent, users');
});

Deno.test("TopologyTestDriver.store() reads sessions, open windows, and a processor's stores", async () => {
  const declared = topology("streams", (builder) => {
    const stream = builder.stream(clicks);
    const byUser = stream.groupBy(({ user_id }) => ({ user_id }));
    byUser.windowedBy(session({ seconds: 10 })).aggregate("visits", { clicks: count() }).to(visits);
    const told = byUser.windowedBy(tumbling({ minutes: 1 })).emit("close").aggregate("minutes", { clicks: count() });
    builder.toStream(told).flatMapValues((row) => row === null ? [] : [row])
      .mapValues(({ user_id, clicks }) => ({ user_id, clicks })).to(minutes);
    stream.process("firsts", {
      on: ({ user_id }) => ({ user_id }),
      stores: { seen: store<number>() },
      process({ n }, { stores: { seen } }) {
        if (seen.get(`n${n}`) !== undefined) return [];
        seen.put(`n${n}`, Number(n));
        return [{ n }];
      },
    }).to(firsts);
  });
  await using driver = createTopologyTestDriver(declared, { partitions: 2 });
  const click = (user_id: number, n: number) =>
    driver.send(clicks, { key: null, value: { user_id, n }, timestampMs: n * 1_000, partition: 0 });
  for (const second of [1, 5, 30, 70]) click(1, second);
  click(2, 71);
  click(1, 2);
  driver.send(clicks, { key: null, value: null, partition: 0 });
  await driver.settle();
  const sessions = driver.store<{ user_id: number; window_start: number }, { clicks: number }>("visits");
  assertEquals(
    sessions.of({ user_id: 1 }).map(({ key, value }) => [key.window_start / 1e6, value.clicks]),
    [[1, 2], [30, 1], [70, 1]],
  );
  assertEquals(sessions.get({ user_id: 2, window_start: 71e6 })?.clicks, 1);
  assertThrows(() => sessions.get({ user_id: 1 } as never), TypeError, "user_id, window_start");
  const open = driver.store("minutes").all();
  assertEquals(open.map(({ key }) => [key.user_id, key.window_start]), [[1, 60e6], [2, 60e6]]);
  assertEquals(
    driver.store("firsts.seen").of({ user_id: 1 }).map(({ key, value }) => [key.entry, value]),
    [["n1", 1], ["n2", 2], ["n30", 30], ["n5", 5], ["n70", 70]],
  );
  assertEquals(driver.dropped(), [
    { operator: "minutes", reason: "late", count: 1 },
    { operator: "stream.clicks", reason: "null_value", count: 1 },
    { operator: "visits", reason: "late", count: 1 },
  ]);
  await driver.restart();
  assertEquals(driver.store("minutes").all(), open);
  assertEquals(driver.dropped(), []);
});

Deno.test("TopologyTestDriver.store() finds a key that the database calls equal, also behind a restart", async () => {
  const declared = topology("coupons", (builder) => void builder.table(coupons).to(shares));
  await using driver = createTopologyTestDriver(declared, { partitions: 1, options: { snapshotEveryMs: 60_000 } });
  for (const code of ["Spring", "summer", "AUTUMN"]) driver.insert(coupons, { code, share: 0.1 });
  await driver.settle();
  assertEquals(driver.store(coupons).get("SPRING"), { code: "spring", share: 0.1 });
  await driver.restart();
  assertEquals(driver.store(coupons).all().map(({ key }) => key.code), ["autumn", "spring", "summer"]);
});
