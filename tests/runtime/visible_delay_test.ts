import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "./step_run.ts";
import { openThings, THINGS } from "./things.ts";

/** Later than all that happens before the rows are tampered with. */
const REPAIR_MS = 60_000;

Deno.test("weir_visible_delay_seconds tells the age of a row's record, nothing of old and repaired rows", async () => {
  await using world = await openThings({ partitions: 1 });
  const { clock, log, memory: warehouse } = world;
  const append = (id: number) => {
    const value = `{"op":"c","after":{"id":${id},"name":"thing ${id}"}}`;
    return log.append([{ topic: THINGS, partition: 0, records: [{ key: `{"id":${id}}`, value }] }]);
  };
  const delays: number[] = [];
  const metrics = {
    count() {},
    gauge() {},
    observe: (name: string, _: unknown, value: number) => name === "weir_visible_delay_seconds" && delays.push(value),
  };
  await append(1);
  const { events } = world.spawn({ metrics, options: { repairAfterMs: REPAIR_MS } });
  await clock.drained();
  await clock.pass(5_000);
  assertEquals([warehouse.writes(), delays], [1, []]);
  await append(2);
  // Else the clock might go on before the poll has seen what was appended.
  await clock.drained();
  await clock.pass(5_000);
  assertEquals([warehouse.writes(), delays.length, delays[0] < 1], [2, 1, true]);
  for (const { key } of [...warehouse.stored("things")]) warehouse.tamper({ table: "things", key }, null);
  await clock.pass(REPAIR_MS);
  const repaired = events.reduce((rows, event) => event.kind === "repaired" ? rows + event.rows : rows, 0);
  assertEquals([repaired, warehouse.writes(), delays.length], [2, 4, 1]);
});

const FACTS = "shop.public.facts";
const KINDS = "shop.public.kinds";

const joined = topology("facts", (builder) => {
  const facts = debezium(FACTS, { key: ["id"], row: z.object({ id: z.int(), kind_id: z.int() }) });
  const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
  builder.table(facts).join("kind", builder.globalTable(kinds), (fact) => fact.kind_id)
    .mapValues(({ id, kind }) => ({ id, kind: kind.name }))
    .to(clickhouse("facts", { key: ["id"], columns: { id: "Int64", kind: "String" } }));
});

Deno.test("weir_visible_delay_seconds takes no row of a global table's change for one of an older record", async () => {
  const { clock, log } = await openStepLog({ [FACTS]: 1, [KINDS]: 1 });
  const append = async (topic: string, row: Readonly<Record<string, unknown>>) => {
    const value = JSON.stringify({ op: "c", after: row });
    await log.append([{ topic, partition: 0, records: [{ key: `{"id":${row.id}}`, value }] }]);
    await clock.drained();
    await clock.pass(10_000);
  };
  const delays: number[] = [];
  const metrics = {
    count() {},
    gauge() {},
    observe: (name: string, _: unknown, value: number) => name === "weir_visible_delay_seconds" && delays.push(value),
  };
  const warehouse = createMemoryWarehouse();
  const run = new StepRun(joined, { clock, ports: { log, warehouse, metrics } }).start();
  await clock.drained();
  await clock.pass(10_000);
  await append(KINDS, { id: 1, name: "one" });
  await append(FACTS, { id: 7, kind_id: 1 });
  await append(KINDS, { id: 1, name: "uno" });
  assertEquals(warehouse.select("facts").map(({ kind }) => kind), ["uno"]);
  assertEquals(delays.map((seconds) => seconds < 1), [true]);
  await run.stop();
  await log.close();
});

const agedFacts = topology("facts", (builder) => {
  const facts = debezium(FACTS, { key: ["id"], row: z.object({ id: z.int(), kind_id: z.int() }) });
  // At 50 seconds the row changes, at 80 it goes.
  const beganUs = Date.UTC(2026, 0, 1) * 1_000;
  const table = builder.table(facts).expireAfter(() => beganUs, { seconds: 80 });
  table.leftJoin("young", builder.table(facts).expireAfter(() => beganUs, { seconds: 50 }))
    .mapValues(({ id, young }) => ({ id, kind: young === null ? "old" : "young" }))
    .to(clickhouse("facts", { key: ["id"], columns: { id: "Int64", kind: "String" } }));
});

Deno.test("weir_visible_delay_seconds takes no row that time changes for one of an older record", async () => {
  const { clock, log } = await openStepLog({ [FACTS]: 1 });
  const delays: number[] = [];
  let expired = 0;
  const metrics = {
    count: (name: string, _: unknown, value: number) => expired += name === "weir_expired_rows_total" ? value : 0,
    gauge() {},
    observe: (name: string, _: unknown, value: number) => name === "weir_visible_delay_seconds" && delays.push(value),
  };
  const warehouse = createMemoryWarehouse();
  const run = new StepRun(agedFacts, { clock, ports: { log, warehouse, metrics } }).start();
  await clock.drained();
  await clock.pass(10_000);
  await log.append([{
    topic: FACTS,
    partition: 0,
    records: [{ key: '{"id":7}', value: '{"after":{"id":7,"kind_id":1},"op":"c"}' }],
  }]);
  const kinds: unknown[] = [];
  for (let step = 0; step < 3; step++) {
    await clock.drained();
    await clock.pass(30_000);
    kinds.push(warehouse.select("facts").map(({ kind }) => kind));
  }
  assertEquals(kinds, [["young"], ["old"], []]);
  assertEquals([delays.map((seconds) => seconds < 1), expired], [[true], 2]);
  await run.stop();
  await log.close();
});
