import { assertEquals } from "@std/assert";
import { z } from "zod";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import { inboxTopic } from "../../src/plan/inbox_topic.ts";
import type { Log } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { createStepClock, settle, type StepClock } from "../../src/testing/quiescence.ts";

const things = debezium("shop.public.things", { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const sink = clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } });
const shown = topology("things", (builder) => {
  builder.table(things).to(sink);
});

/** Enough for the guard against mass deletes to look, on each of the few partitions. */
const ROWS = 9_000;
const [FEW, MANY] = [6, 8];

interface World {
  readonly log: Log;
  readonly clock: StepClock;
  readonly partitions: number;
}

/** A topic that holds these things, as a new snapshot would. */
async function worldOf(partitions: number, rows: ReadonlyMap<number, string>): Promise<World> {
  const clock = createStepClock(createManualClock());
  const log = openEmbeddedLog({ path: ":memory:", clock });
  await log.createTopic({ name: "shop.public.things", partitions, cleanup: "compact", retentionMs: -1 });
  const world = { log, clock, partitions };
  await append(world, rows);
  return world;
}

async function append({ log, partitions }: World, rows: ReadonlyMap<number, string>): Promise<void> {
  const batches = Array.from({ length: partitions }, (_, partition) => ({
    topic: "shop.public.things",
    partition,
    records: [...rows].map(([id, name]) => ({
      key: `{"id":${id}}`,
      value: `{"op":"r","after":{"id":${id},"name":"${name}"}}`,
    }))
      .filter(({ key }) => partitionOf(key, partitions) === partition),
  }));
  await log.append(batches.filter(({ records }) => records.length > 0));
}

Deno.test("rows that another task owns since the partition count changed stay shown, and stale ones go", async () => {
  const warehouse = createMemoryWarehouse();
  const run = async (
    { log, clock }: World,
    generation: number,
    then: (settled: () => Promise<void>) => Promise<void>,
  ) => {
    let failure: Error | null = null;
    const runner = new Runner(shown, {
      log,
      warehouse,
      clock,
      random: { next: () => 0.5 },
      metrics: { count() {}, gauge() {}, observe() {} },
      deadLetters: { put: (letters) => Promise.reject(new Error(`${letters.length} dead letters`)) },
    }, { options: { ...defaultRunOptions, generation } });
    const fail = (error: Error) => failure ??= error;
    runner.failed.then(fail);
    runner.start().catch(fail);
    const settled = () => settle(runner, { clock, failure: () => failure });
    await settled();
    await then(settled);
    let stopped = false;
    const stopping = runner.stop().finally(() => stopped = true);
    while (!stopped) await clock.pass(1_000);
    await stopping;
  };
  const names = () => new Map(warehouse.select("things").map(({ id, name }) => [Number(id), String(name)]));

  const rows = new Map(Array.from({ length: ROWS }, (_, id) => [id, `thing ${id}`]));
  const before = await worldOf(FEW, rows);
  await run(before, 1, () => Promise.resolve());
  assertEquals(names(), rows);
  await before.log.close();

  rows.set(7, "renamed");
  const deleted = [...rows.keys()].filter((id) => id % 100 === 3);
  for (const id of deleted) rows.delete(id);
  const after = await worldOf(MANY, rows);
  // The tasks that existed before get greater epochs than the new ones: nothing may depend on which is the greater.
  const inbox = inboxTopic({ topology: "things", table: "things", generation: 2 });
  await after.log.createTopic({ name: inbox, partitions: MANY, cleanup: "delete", retentionMs: 86_400_000 });
  const older = Array.from({ length: FEW }, (_, partition) => partition);
  await after.log.append(older.map((partition) => ({
    topic: inbox,
    partition,
    records: Array.from({ length: 10 }, () => ({ key: null, value: "{}" })),
  })));
  await run(after, 2, async (settled) => {
    const now = names();
    for (const [id, name] of rows) assertEquals(now.get(id), name, `${id}, while the tasks have just started`);
    await after.clock.pass(defaultRunOptions.repairAfterMs + 1_000);
    await settled();
    assertEquals(names(), rows, "after the comparison that follows a start");
    const again = new Map(deleted.map((id) => [id, "back again"]));
    for (const [id, name] of again) rows.set(id, name);
    await append(after, again);
    await settled();
    assertEquals(names(), rows, "when deleted rows are back");
  });
  await after.log.close();
});
