import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, count, debezium, events, int8, numeric, topic, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const orders = events("shop.orders", {
  row: z.object({ id: int8(), customer: z.string(), total: numeric(12, 2), note: z.string().nullable() }),
  nullValues: true,
});
const big = topic("shop.big_orders", {
  row: z.object({ id: int8(), total: numeric(12, 2), note: z.string().nullable() }),
  partitions: 2,
});
const totals = topic("shop.totals", { key: "json", retention: { days: 1 } });
const rows = clickhouseAppend("all_orders", { columns: { id: "Int64" }, orderBy: ["id"] });

const app = topology("orders", (builder) => {
  const stream = builder.stream(orders);
  stream.flatMapValues((order, _key, { headers }) => {
    if (headers.skip !== undefined) return [];
    return order === null ? [null] : order.note === "twice" ? [order, order] : [order];
  }).to(big, {
    headers: (order, key, { headers: { trace } }) => ({ trace, customer: order?.customer ?? `of ${key}` }),
  });
  stream.flatMapValues((order) => order === null ? [] : [{ id: order.id }]).to(rows);
  const byCustomer = stream.groupBy((order) => ({ customer: order.customer })).aggregate("totals", { orders: count() });
  builder.toStream(byCustomer).to(totals);
});

const order = (id: number | bigint, more: object = {}) => ({
  key: "k1",
  value: { id, customer: "ann", total: "12.50", note: null, ...more },
  timestampMs: 1_000,
});

Deno.test("to(topic) writes keys, values, times and headers, and where each event comes from", async () => {
  await using driver = createTopologyTestDriver(app, { partitions: 1 });
  driver.send(orders, { ...order(1), headers: { trace: "t1" } });
  driver.send(orders, order(9007199254740993n, { note: "twice" }));
  driver.send(orders, { ...order(3), headers: { skip: "yes" } });
  driver.send(orders, { key: "k1", value: null, timestampMs: 7 });
  await driver.settle();
  const [{ partition }] = await driver.output(big);
  const written = await driver.output(big);
  assertEquals(written.map(({ key, value, timestampMs }) => ({ key, value, timestampMs })), [
    { key: "k1", value: { id: 1, total: "12.50", note: null }, timestampMs: 1_000 },
    { key: "k1", value: { id: 9007199254740993n, total: "12.50", note: "twice" }, timestampMs: 1_000 },
    { key: "k1", value: { id: 9007199254740993n, total: "12.50", note: "twice" }, timestampMs: 1_000 },
    { key: "k1", value: null, timestampMs: 7 },
  ]);
  assertEquals(written.every((one) => one.partition === partition), true);
  const origin = (text: string | null | undefined) => text!.replace(/@[^/]+/, "@id");
  assertEquals(written.map(({ headers }) => [headers.trace, headers.customer, origin(headers["weir-origin"])]), [
    ["t1", "ann", "shop.orders@id/0/0/0"],
    [undefined, "ann", "shop.orders@id/0/1/0"],
    [undefined, "ann", "shop.orders@id/0/1/1"],
    [undefined, "of k1", "shop.orders@id/0/3/0"],
  ]);
  assertEquals(
    (await driver.output(totals)).map(({ key, value }) => ({ key, value })),
    [1, 2, 3].map((orders) => ({
      key: { customer: "ann" },
      value: { customer: "ann", orders },
    })),
  );
  driver.send(orders, order(4));
  await driver.restart();
  assertEquals((await driver.output(big)).length, 5);
  assertEquals((await driver.output(totals)).length, 4);
  assertEquals(driver.appended(rows).length, 4);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("to(topic) keeps events without a key together, and the order of each partition of the source", async () => {
  const all = topic("shop.all", { partitions: 2 });
  const plain = topology("plain", (builder) => builder.stream(orders).to(all));
  await using driver = createTopologyTestDriver(plain, { partitions: 3 });
  for (let id = 0; id < 60; id++) driver.send(orders, { ...order(id), key: null, partition: id % 3 });
  await driver.settle();
  const places = new Map<string, Set<number>>();
  const last = new Map<string, number>();
  for (const { partition, headers } of await driver.output(all)) {
    const [, source, offset] = headers["weir-origin"]!.split("/");
    places.set(source, (places.get(source) ?? new Set()).add(partition));
    assertEquals(Number(offset) > (last.get(source) ?? -1), true);
    last.set(source, Number(offset));
  }
  assertEquals([...places].sort(([a], [b]) => a.localeCompare(b)).map(([, to]) => [...to]), [[0], [1], [0]]);
  assertEquals((await driver.output(all)).length, 60);
});

Deno.test("to(topic) sets aside what cannot be written, or is too large, and goes on", async () => {
  const odd = topic("shop.odd", {});
  const values: unknown[] = [1, NaN, new Map(), "x".repeat(70 * 1024 * 1024), { deep: [1n, undefined] }];
  const app = topology("odd", (builder) => {
    const stream = builder.stream(orders);
    stream.mapValues((order) => values[Number(order!.id)]).to(odd, {
      headers: (_, _key, { offset }) =>
        offset === 5 ? { "weir-origin": "mine" } : offset === 6 ? { n: 1 as never } : {},
    });
  });
  await using driver = createTopologyTestDriver(app, { partitions: 1 });
  for (const id of [0, 1, 2, 3, 4, 0, 0, 0]) driver.send(orders, order(id));
  await driver.settle();
  assertEquals((await driver.output(odd)).map(({ value }) => value), [1, { deep: [1, null] }, 1]);
  const reasons = driver.deadLetters().map(({ error }) => error.replace(/^.*: (?=[A-Z])/, "").slice(0, 22));
  assertEquals(reasons, [
    "Cannot write NaN as JS",
    "Cannot write a Map as ",
    "An event of 73400324 c",
    "Cannot write a header ",
    'Cannot write header "n',
  ]);
});

Deno.test("topology() refuses topics that it reads, that are Weir's own, and that are written twice", () => {
  const users = debezium("shop.users", { key: ["id"], row: z.object({ id: int8() }) });
  const error = assertThrows(() =>
    topology("t", (builder) => {
      const stream = builder.stream(orders);
      builder.table(users);
      stream.to(topic("shop.orders", {}));
      stream.to(topic("shop.users", {}));
      stream.to(topic("weir.t.x.changelog", { partitions: 0 }));
      stream.to(topic("shop/odd", { retention: { days: 0 } }));
      stream.to(totals as never);
      stream.filter(() => true).to(totals as never);
    })
  ) as Error & { problems: readonly string[] };
  assertEquals(error.problems.map((problem) => problem.slice(0, 52)), [
    'Two operators are named "topic shop.totals". Write e',
    'Cannot write to topic "shop.orders", which the topol',
    'Cannot write to topic "shop.users", which the topolo',
    'Cannot write to topic "weir.t.x.changelog": names th',
    'Cannot make topic "weir.t.x.changelog" with 0 partit',
    'Cannot use "shop/odd" as a topic: use at most 249 le',
    'Cannot keep records of topic "shop/odd" for no time:',
  ]);
});
