import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, numeric, sum, topic, topology, TopologyError } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeMermaid } from "../../src/plan/describe_mermaid.ts";
import { describeText } from "../../src/plan/describe_text.ts";
import { createTopologyTestDriver, type OutputTestRecord } from "../../src/testing/mod.ts";

const users = debezium("shop.public.users", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const orders = debezium("shop.public.orders", {
  key: ["id"],
  row: z.object({ id: int8(), user_id: int8(), total: numeric(12, 2) }),
});
const shown = topic("shop.orders_of_users", {
  row: z.object({ id: int8(), total: numeric(12, 2), user: z.object({ id: int8(), name: z.string() }) }),
});
const totals = topic("shop.totals", { key: z.object({ user_id: int8() }), partitions: 2 });

const app = topology("app", (builder) => {
  const joined = builder.table(orders).join("user", builder.table(users), (order) => order.user_id);
  joined.to(shown);
  builder.table(orders).groupBy(({ user_id }) => ({ user_id })).aggregate("totals", {
    orders: count(),
    total: sum(({ total }) => total),
  }).to(totals);
});

/** What a consumer holds that has read the topic: the newest record of each key. */
function newest(records: readonly OutputTestRecord[]): Record<string, unknown> {
  const rows = new Map<string, unknown>();
  for (const { key, value } of records) {
    if (value === null) rows.delete(JSON.stringify(key));
    else rows.set(JSON.stringify(key), value);
  }
  return Object.fromEntries([...rows].sort(([a], [b]) => a < b ? -1 : 1));
}

Deno.test("table.to(topic) writes a record for each row that changes, and a tombstone for one that goes", async () => {
  await using driver = createTopologyTestDriver(app);
  driver.insert(users, { id: 1, name: "ann" });
  for (const id of [1, 2, 3]) driver.insert(orders, { id, user_id: 1, total: z.decode(numeric(12, 2), "2.50") });
  await driver.settle();
  assertEquals(newest(await driver.output(shown)), {
    '{"id":1}': { id: 1, total: "2.50", user: { id: 1, name: "ann" } },
    '{"id":2}': { id: 2, total: "2.50", user: { id: 1, name: "ann" } },
    '{"id":3}': { id: 3, total: "2.50", user: { id: 1, name: "ann" } },
  });
  assertEquals(newest(await driver.output(totals)), { '{"user_id":1}': { user_id: 1, orders: 3, total: "7.50" } });
  const before = (await driver.output(shown)).length;
  driver.delete(orders, 2);
  await driver.settle();
  const after = (await driver.output(shown)).slice();
  assertEquals(after.length, before + 1);
  const gone = after.find(({ value }) => value === null)!;
  assertEquals([gone.key, /^orders-\d\/\d+\/\d+\/2$/.test(gone.headers["weir-row"]!)], [{ id: 2 }, true]);
  assertEquals(newest(await driver.output(totals)), { '{"user_id":1}': { user_id: 1, orders: 2, total: "5.00" } });
});

Deno.test("table.to(topic) writes at a restart what differs, and nothing else", async () => {
  await using driver = createTopologyTestDriver(app);
  driver.insert(users, { id: 1, name: "ann" });
  driver.insert(users, { id: 2, name: "bob" });
  for (const id of [1, 2, 3]) {
    driver.insert(orders, { id, user_id: 1 + id % 2, total: z.decode(numeric(12, 2), "1.00") });
  }
  await driver.settle();
  const before = await driver.output(shown);
  const report = await driver.restart();
  assertEquals(await driver.output(shown), before);
  assertEquals(report.map(({ sink, kept, written, deleted }) => ({ sink, kept, written, deleted })), [
    { sink: "topic shop.orders_of_users", kept: 3, written: 0, deleted: 0 },
    { sink: "topic shop.totals", kept: 2, written: 0, deleted: 0 },
  ]);
  const renamed = topology("app", (builder) => {
    builder.table(orders).filter(({ id }) => id !== 3)
      .join("user", builder.table(users), (order) => order.user_id)
      .mapValues((row) => row.id === 1 ? { ...row, total: row.total.rescale(0) } : row)
      .to(shown);
    builder.table(orders).groupBy(({ user_id }) => ({ user_id })).aggregate("totals", {
      orders: count(),
      total: sum(({ total }) => total),
    }).to(totals);
  });
  await driver.restart({ topology: renamed });
  assertEquals((await driver.output(shown)).length, before.length + 2);
  assertEquals(newest(await driver.output(shown)), {
    '{"id":1}': { id: 1, total: "1", user: { id: 2, name: "bob" } },
    '{"id":2}': { id: 2, total: "1.00", user: { id: 1, name: "ann" } },
  });
});

Deno.test("table.to(topic) writes keys as they are declared", async () => {
  const bare = topic("shop.bare", { key: "json" });
  const text = topic("shop.text", { key: "text" });
  const named = topic("shop.named", { key: z.object({ number: int8() }) });
  const forms = topology("forms", (builder) => {
    const table = builder.table(users);
    for (const sink of [bare, text, named]) table.to(sink);
    table.to(clickhouse("users", { key: ["id"], columns: { id: "Int64", name: "String" } }));
  });
  await using driver = createTopologyTestDriver(forms, { partitions: 1 });
  driver.insert(users, { id: 7, name: "ann" });
  await driver.settle();
  const keys = await Promise.all([bare, text, named].map((sink) => driver.output(sink)));
  assertEquals(keys.map(([{ key }]) => key), [7, "7", { number: 7 }]);
  assertEquals(driver.select(clickhouse("users", { key: ["id"], columns: { id: "Int64" } })).length, 1);
});

Deno.test("topology() and compile() refuse topics that tables cannot be written to", async () => {
  const error = assertThrows(() =>
    topology("wrong", (builder) => {
      const table = builder.table(users);
      table.to(topic("shop.public.users", {}));
      table.to(topic("shop.b", { key: "bytes" }));
      table.to(topic("shop.t", { value: "text" }) as never);
      table.to(topic("shop.c", {}));
      table.to(topic("shop.c", {}));
    }), TopologyError);
  assertEquals(error.problems.map((problem) => problem.slice(0, 52)), [
    'Two operators are named "topic shop.c". Write each C',
    'Cannot write to topic "shop.public.users", which the',
    'Cannot write keys of a table to topic "shop.b" as by',
    'Cannot write rows of a table to topic "shop.t" as te',
  ]);
  const unnamed = topology("unnamed", (builder) => {
    builder.table(orders).groupBy(({ user_id }) => ({ user_id })).aggregate("t", { orders: count() })
      .to(topic("shop.t", {}));
  });
  await using driver = createTopologyTestDriver(unnamed);
  assertEquals(
    await driver.settle().catch((error) => error.problems),
    [
      'Cannot write table "t" to topic "shop.t": its key is made of a group\'s columns, which are known when there ' +
      "are rows. Name them: key: z.object({ ... })",
    ],
  );
});

Deno.test("describe() shows topics of tables beside those of events", () => {
  const described = describe(compile(app), app);
  assertEquals(described.sinks, []);
  assertEquals(described.outputs.map(({ topic, holds, from, key, columns }) => [topic, holds, from, key, columns]), [
    ["shop.orders_of_users", "rows", ["orders.user"], "json", ["id", "total", "user"]],
    ["shop.totals", "rows", ["totals"], "json", null],
  ]);
  assertEquals(describeText(described).includes("shop.orders_of_users has the rows of orders.user\n"), true);
  assertEquals(describeMermaid(described).includes('[("topic shop.totals")]'), true);
});
