import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, int8, store, topology } from "../../../src/mod.ts";
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
