import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, topology } from "../../src/mod.ts";
import { RestoreError } from "../../src/record/errors.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "./step_run.ts";

const TOPIC = "shop.public.things";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), kind: z.int() }) });
const sink = clickhouse("kinds", { key: ["kind"], columns: { kind: "Int64", things: "UInt64" } });
const counted = topology("kinds", (builder) => {
  builder.table(things).groupBy(({ kind }) => ({ kind })).aggregate("kinds", { things: count() }).to(sink);
});

/** Groups of one row, so that most of them move; enough for the guard against mass deletes to look. */
const GROUPS = 9_000;
const [FEW, MANY] = [6, 8];

/** Starts on a new topic that holds one thing of each kind; resolves with the failure of the start. */
async function start(
  warehouse: ReturnType<typeof createMemoryWarehouse>,
  { partitions, generation, kinds }: { partitions: number; generation: number; kinds: readonly number[] },
): Promise<Error | null> {
  const { clock, log } = await openStepLog({ [TOPIC]: partitions });
  const records = kinds.map((kind) => ({
    key: `{"id":${kind}}`,
    value: `{"op":"r","after":{"id":${kind},"kind":${kind}}}`,
  }));
  await appendKeyed(log, records, { topic: TOPIC, partitions });
  const run = new StepRun(counted, { clock, ports: { log, warehouse }, options: { generation } }).start();
  await run.settled().catch((error) => run.failure ??= error);
  await run.stop();
  await log.close();
  return run.failure;
}

const all = Array.from({ length: GROUPS }, (_, kind) => kind);

Deno.test("groups whose shares move to other tasks with the partition count are no mass delete", async () => {
  const warehouse = createMemoryWarehouse();
  const shown = () => new Map(warehouse.select("kinds").map(({ kind, things }) => [Number(kind), Number(things)]));
  assertEquals(await start(warehouse, { partitions: FEW, generation: 1, kinds: all }), null);
  const kept = all.filter((kind) => kind % 100 !== 3);
  for (const [generation, partitions] of [[2, MANY], [3, FEW]]) {
    assertEquals(await start(warehouse, { partitions, generation, kinds: kept }), null);
    assertEquals(shown(), new Map(kept.map((kind) => [kind, 1])));
  }
});

Deno.test("groups that are lost with a change of the partition count are a mass delete", async () => {
  const warehouse = createMemoryWarehouse();
  await start(warehouse, { partitions: FEW, generation: 1, kinds: all });
  const kinds = all.filter((kind) => kind % 2 === 0);
  const failure = await start(warehouse, { partitions: MANY, generation: 2, kinds });
  assert(failure instanceof RestoreError, String(failure));
  assert(failure.message.includes(`${GROUPS / 2} of ${GROUPS} rows`), failure.message);
  assertEquals(warehouse.select("kinds").length, GROUPS);
});
