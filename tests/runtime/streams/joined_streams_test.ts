import { assertEquals } from "@std/assert";
import { z } from "zod";
import { citext, clickhouseAppend, debezium, events, int8, store, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const orders = events("shop.orders", { row: z.object({ id: int8().nullable(), n: int8() }) });
const payments = events("shop.payments", { row: z.object({ order_id: int8(), method: z.string() }) });
const paid = clickhouseAppend("paid", { columns: { n: "Int64", method: "Nullable(String)" }, orderBy: ["n"] });
const quiet = clickhouseAppend("quiet", { columns: { id: "Int64", orders: "Int64" }, orderBy: ["id"] });

const JOINED = topology("joined", (builder) => {
  builder.stream(orders).leftJoin("payment", builder.stream(payments), {
    on: [({ id }) => id === null ? null : { id }, ({ order_id }) => ({ id: order_id })],
    within: { seconds: 10 },
  }).mapValues(({ n, payment }) => ({ n, method: payment?.method ?? null })).to(paid);
});

/** As texts, in an order of their own. */
function rows(given: readonly Readonly<Record<string, unknown>>[]): string[] {
  return given.map(({ n, method }) => `${n} ${method}`).sort();
}

Deno.test("a left join of streams goes on behind restarts, and tells events without key or partner", async () => {
  await using driver = createTopologyTestDriver(JOINED, { partitions: 1 });
  const order = (id: number | null, [n, timestampMs]: [number, number]) =>
    driver.send(orders, { key: null, value: { id, n }, timestampMs });
  const payment = (order_id: number, [method, timestampMs]: [string, number]) =>
    driver.send(payments, { key: null, value: { order_id, method }, timestampMs });
  order(1, [1, 1_000]);
  order(null, [2, 90_000]);
  order(2, [3, 2_000]);
  await driver.settle();
  assertEquals(rows(driver.appended(paid)), ["2 null"]);
  await driver.restart();
  payment(1, ["cash", 5_000]);
  await driver.settle();
  assertEquals(rows(driver.appended(paid)), ["1 cash", "2 null"]);
  await driver.restart();
  payment(7, ["card", 12_001]);
  await driver.settle();
  await driver.restart();
  assertEquals(rows(driver.appended(paid)), ["1 cash", "2 null", "3 null"]);
});

Deno.test("a stream joined with itself has each pair of its events, and each with itself", async () => {
  const self = topology("self", (builder) => {
    const all = builder.stream(orders);
    all.join("other", all, { on: [({ id }) => ({ id }), ({ id }) => ({ id })], within: { seconds: 1 } })
      .mapValues(({ n, other }) => ({ n, method: String(other.n) })).to(paid);
  });
  await using driver = createTopologyTestDriver(self, { partitions: 3 });
  for (const n of [1, 2]) driver.send(orders, { key: null, value: { id: 5, n }, timestampMs: n });
  driver.send(orders, { key: null, value: { id: 6, n: 3 }, timestampMs: 3 });
  await driver.settle();
  assertEquals(rows(driver.appended(paid)), ["1 1", "1 2", "2 1", "2 2", "3 3"]);
});

Deno.test("a processor keeps its stores and its times behind a restart; one that throws is a dead letter", async () => {
  const processed = topology("processed", (builder) => {
    builder.stream(orders).process("quiet", {
      on: ({ id }) => ({ id: id ?? 0 }),
      stores: { orders: store<number>() },
      process: ({ n }, { stores, schedule, timestampUs }) => {
        stores.orders.put("n", (stores.orders.get("n") ?? 0) + 1);
        schedule(timestampUs + 1_000_000);
        if (n === 13) throw new RangeError("13 is not wanted");
        return [];
      },
      punctuate: ({ key, stores }) => [{ id: key.id, orders: stores.orders.get("n") ?? 0 }],
    }).to(quiet);
  });
  await using driver = createTopologyTestDriver(processed, { partitions: 1 });
  const order = (id: number, [n, timestampMs]: [number, number]) =>
    driver.send(orders, { key: null, value: { id, n }, timestampMs });
  order(1, [1, 1_000]);
  order(1, [13, 1_001]);
  order(1, [2, 1_002]);
  await driver.settle();
  assertEquals(driver.appended(quiet), []);
  await driver.restart();
  order(2, [3, 2_001]);
  await driver.settle();
  await driver.restart();
  order(2, [4, 2_002]);
  await driver.settle();
  assertEquals(driver.appended(quiet).map(({ id, orders }) => [id, orders]), [[1, 2], [1, 2]]);
});

Deno.test("a stream finds the rows of a table whose keys the database calls equal", async () => {
  const skus = debezium("shop.skus", {
    key: ["sku", "shop"],
    row: z.object({ shop: int8(), sku: citext(), n: int8() }),
  });
  const sales = events("shop.sales", { row: z.object({ shop: int8(), sku: z.string() }) });
  const sold = clickhouseAppend("sold", { columns: { sku: "String", n: "Nullable(Int64)" }, orderBy: ["sku"] });
  const declared = topology("sold", (builder) => {
    builder.stream(sales).leftJoin("row", builder.table(skus), ({ sku, shop }) => ({ shop, sku }))
      .map(({ row }, key) => [null, { sku: key!.sku, n: row?.n ?? null }]).mapValues((row) => row).to(sold);
  });
  await using driver = createTopologyTestDriver(declared, { partitions: { skus: 3, sales: 2 } });
  driver.insert(skus, { shop: 2n ** 60n, sku: "AbC", n: 1 });
  await driver.settle();
  for (const sku of ["aBc", "x"]) driver.send(sales, { value: { shop: 2n ** 60n, sku } });
  await driver.settle();
  assertEquals(driver.appended(sold).toSorted((a, b) => a.sku! < b.sku! ? -1 : 1), [
    { sku: "abc", n: 1 },
    { sku: "x", n: null },
  ]);
});

Deno.test("a processor's calls for two keys that throw at one event are two dead letters", async () => {
  const failing = topology("failing", (builder) => {
    builder.stream(orders).process("failing", {
      on: ({ id }) => ({ id: id ?? 0 }),
      process: (_, { schedule, timestampUs }) => {
        schedule(timestampUs + 1_000_000);
        return [] as { id: number | bigint; orders: number }[];
      },
      punctuate: ({ key }) => {
        throw new RangeError(`${key.id} is not wanted`);
      },
    }).to(quiet);
  });
  await using driver = createTopologyTestDriver(failing, { partitions: 1 });
  for (const [id, timestampMs] of [[1, 1_000], [2, 1_000], [3, 9_000]]) {
    driver.send(orders, { key: null, value: { id, n: 0 }, timestampMs });
  }
  await driver.settle();
  assertEquals(driver.deadLetters().map(({ error }) => /\d is not wanted/.exec(error)![0]).sort(), [
    "1 is not wanted",
    "2 is not wanted",
  ]);
});

Deno.test("a row of a table that cannot be told to a join is no row for streams, whatever it was before", async () => {
  const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8(), kind: z.string() }) });
  const declared = topology("told", (builder) => {
    const told = builder.table(users).mapValues((row) => {
      if (row.kind === "bad") throw new RangeError("a bad row");
      return { method: row.kind === "odd" ? new Map() as never : row.kind };
    });
    builder.stream(orders).leftJoin("user", told, ({ id }) => id)
      .mapValues(({ n, user }) => ({ n, method: user?.method ?? null })).to(paid);
  });
  await using driver = createTopologyTestDriver(declared, { partitions: 1 });
  driver.insert(users, { id: 1, kind: "first" });
  for (const [n, kind] of ["bad", "good", "odd"].entries()) {
    await driver.settle();
    driver.send(orders, { key: null, value: { id: 1, n } });
    await driver.settle();
    driver.update(users, { id: 1, kind });
  }
  await driver.settle();
  driver.send(orders, { key: null, value: { id: 1, n: 3 } });
  await driver.settle();
  assertEquals(rows(driver.appended(paid)), ["0 first", "1 null", "2 good", "3 null"]);
  assertEquals(driver.deadLetters().map(({ reason }) => reason), ["callback_threw", "not_sendable"]);
});
