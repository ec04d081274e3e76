import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import type { AppendBatch, Log } from "../../src/ports/log.ts";
import type { Warehouse } from "../../src/ports/warehouse.ts";
import { LimitError } from "../../src/record/errors.ts";
import { agreed, type Look } from "../../src/runtime/lifecycle/unfinished.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { readerWith } from "../reader_with.ts";
import { openStepLog, StepRun } from "./step_run.ts";

const THINGS = "shop.public.things";
const KINDS = "shop.public.kinds";
const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), kind: z.int() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shown = topology("things", (builder) => {
  builder.table(things).leftJoin("kind", builder.table(kinds), (thing) => thing.kind)
    .mapValues(({ id, kind }) => ({ id, name: kind?.name ?? null }))
    .to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "Nullable(String)" } }));
});

/** A runner whose log and ClickHouse can be made to keep it waiting, or to lose its messages. */
async function openRunner() {
  const { clock, log } = await openStepLog({ [THINGS]: 1, [KINDS]: 1 });
  const memory = createMemoryWarehouse();
  const faults = {
    losesMessages: false,
    fetches: Promise.resolve(),
    messages: Promise.resolve(),
    inserts: Promise.resolve(),
  };
  const faulty: Log = {
    ...log,
    reader() {
      const reader = log.reader();
      return readerWith(reader, {
        async poll(waitMs) {
          const fetched = await reader.poll(waitMs);
          await faults.fetches;
          return fetched;
        },
      });
    },
    async append(batches: readonly AppendBatch[]) {
      await faults.messages;
      return faults.losesMessages ? batches.map(() => 0) : await log.append(batches);
    },
  };
  const warehouse: Warehouse = {
    ...memory,
    async insert(rows) {
      await faults.inserts;
      await memory.insert(rows);
    },
  };
  const run = new StepRun(shown, { clock, ports: { log: faulty, warehouse } });
  const put = (topic: string, row: { readonly id: number; readonly kind?: number; readonly name?: string }) => {
    const value = JSON.stringify({ op: "c", after: row });
    return log.append([{ topic, partition: 0, records: [{ key: `{"id":${row.id}}`, value }] }]);
  };
  return {
    runner: run.runner,
    clock,
    faults,
    put,
    settled: () => run.settled(),
    async [Symbol.asyncDispose]() {
      await run.stop();
      await log.close();
    },
  };
}

const NOTHING = { done: true, ready: true, tasks: [], globalRecords: 0, queuedBytes: 0, sinks: [] };

Deno.test("Runner.unfinished() tells records that are not read, as soon as they are in the log", async () => {
  await using world = await openRunner();
  const { runner } = world;
  assertEquals((await runner.unfinished()).done, false);
  await runner.start();
  await world.settled();
  assertEquals([await runner.unfinished(), runner.knownUnfinished()], [NOTHING, NOTHING]);
  const fetches = Promise.withResolvers<void>();
  world.faults.fetches = fetches.promise;
  await world.put(THINGS, { id: 1, kind: 7 });
  const { done, tasks } = await runner.unfinished();
  assertEquals([done, tasks.map(({ id, unread }) => ({ id, unread }))], [false, [
    { id: "things-0", unread: [{ topic: THINGS, kind: "source", position: 0, end: 1 }] },
  ]]);
  assertEquals(runner.knownUnfinished(), NOTHING);
  fetches.resolve();
  await world.settled();
  assertEquals(await runner.unfinished(), NOTHING);
});

Deno.test("Runner.unfinished() tells messages that are not appended, and rows that are not acknowledged", async () => {
  await using world = await openRunner();
  const { runner, clock, faults } = world;
  await runner.start();
  await world.settled();
  const messages = Promise.withResolvers<void>();
  const inserts = Promise.withResolvers<void>();
  faults.messages = messages.promise;
  faults.inserts = inserts.promise;
  await world.put(THINGS, { id: 1, kind: 7 });
  await clock.pass(1_000);
  const asked = await runner.unfinished();
  assertEquals([asked.done, asked.queuedBytes > 0, asked.sinks], [false, true, []]);
  messages.resolve();
  await clock.pass(1_000);
  const answered = await runner.unfinished();
  assertEquals([answered.done, answered.queuedBytes, answered.sinks], [false, 0, [{ name: "things", rows: 1 }]]);
  await assertRejects(world.settled, LimitError, '1 rows of sink "things" are not acknowledged');
  inserts.resolve();
  await world.settled();
  assertEquals(await runner.unfinished(), NOTHING);
});

Deno.test("Runner.unfinished() tells right rows that were asked for and never answered", async () => {
  await using world = await openRunner();
  const { runner, clock, faults } = world;
  await runner.start();
  await world.settled();
  faults.losesMessages = true;
  await world.put(THINGS, { id: 1, kind: 7 });
  await clock.pass(1_000);
  const { done, tasks } = await runner.unfinished();
  assertEquals([done, tasks.map(({ id, unanswered }) => ({ id, unanswered }))], [false, [
    { id: "things-0", unanswered: [{ join: "things.kind", rows: 1 }] },
  ]]);
  await assertRejects(world.settled, LimitError, 'task "things-0": 1 rows of "things.kind" not answered');
});

Deno.test("Runner.unfinished() tells tasks that do not run yet", async () => {
  await using world = await openRunner();
  const { runner, clock, faults } = world;
  const messages = Promise.withResolvers<void>();
  faults.messages = messages.promise;
  await runner.start();
  await clock.drained();
  const { done, ready, tasks } = await runner.unfinished();
  assertEquals([done, ready, tasks.map(({ id, state }) => `${id} ${state}`)], [false, false, [
    "things-0 starting",
    "kinds-0 starting",
  ]]);
  assertEquals(runner.status().tasksRunning, 0);
  messages.resolve();
  await world.settled();
  assertEquals(runner.status().tasksRunning, 2);
});

Deno.test("agreed() finds nothing left only if nothing was written between two looks that find nothing", async () => {
  const left = { ...NOTHING, done: false, queuedBytes: 1 };
  const seen: [Look["unfinished"], number, number][] = [
    [NOTHING, 0, 0],
    [NOTHING, 1, 0],
    [left, 1, 1],
    [NOTHING, 1, 1],
    [NOTHING, 1, 2],
    [NOTHING, 1, 2],
  ];
  const look = () => {
    const [unfinished, first, second] = seen.shift()!;
    return Promise.resolve({ unfinished, ends: new Map([["first", [first]], ["second", [second]]]) });
  };
  assertEquals([await agreed(look), seen.length], [left, 3]);
  assertEquals([await agreed(look), seen.length], [NOTHING, 0]);
});
