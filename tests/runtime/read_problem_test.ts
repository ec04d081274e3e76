import { assertEquals } from "@std/assert";
import { z } from "zod";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { clickhouse, debezium, type Topology, topology } from "../../src/mod.ts";
import type { Fetched, Log, Reader } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { createStepClock, settle } from "../../src/testing/quiescence.ts";
import { readerWith } from "../reader_with.ts";

const TOPIC = "shop.public.things";
const PROBLEM = "Cannot read this partition at offset 0";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const sink = clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } });

/** A log in which a partition of the topic cannot be read for a while. */
function troubled(log: Log, isTroubled: (partition: number) => boolean): Log {
  return {
    ...log,
    reader(): Reader {
      const reader = log.reader();
      /** Where reading goes on once the partition can be read. */
      const stoppedAt = new Map<number, number>();
      return readerWith(reader, {
        async poll(waitMs) {
          for (const [partition, offset] of stoppedAt) {
            if (isTroubled(partition) || !stoppedAt.delete(partition)) continue;
            reader.seek(TOPIC, partition, offset);
          }
          return (await reader.poll(waitMs)).map((part): Fetched => {
            const { topic, partition, records } = part;
            if (topic !== TOPIC || !isTroubled(partition) || records.length === 0) return part;
            const nextOffset = records[0].offset;
            reader.stop(TOPIC, partition);
            stoppedAt.set(partition, nextOffset);
            return { ...part, records: [], nextOffset, problem: PROBLEM };
          });
        },
      });
    },
  };
}

async function runTroubled(shown: Topology) {
  const clock = createStepClock(createManualClock());
  const embedded = openEmbeddedLog({ path: ":memory:", clock });
  let trouble = true;
  const log = troubled(embedded, (partition) => trouble && partition === 1);
  await log.createTopic({ name: TOPIC, partitions: 2, cleanup: "compact", retentionMs: -1 });
  const ids: number[] = [];
  for (let id = 1; ids.length < 6; id++) {
    const key = `{"id":${id}}`;
    const partition = partitionOf(key, 2);
    ids.push(id);
    const record = { key, value: `{"op":"r","after":{"id":${id},"name":"thing ${id}"}}` };
    await log.append([{ topic: TOPIC, partition, records: [record] }]);
  }
  const elsewhere = ids.filter((id) => partitionOf(`{"id":${id}}`, 2) !== 1);
  const warehouse = createMemoryWarehouse();
  const restarts: string[] = [];
  const runner = new Runner(shown, {
    log,
    warehouse,
    clock,
    random: { next: () => 0.5 },
    metrics: { count() {}, gauge() {}, observe() {} },
    deadLetters: { put: () => Promise.reject(new TypeError("no dead letters expected")) },
  }, {
    options: defaultRunOptions,
    onEvent: (event) => {
      if (event.kind === "restart") restarts.push(event.reason);
    },
  });
  let failure: Error | null = null;
  runner.failed.then((error) => failure = error);
  runner.start().catch((error) => failure = error);
  for (let turn = 0; turn < 40; turn++) await clock.pass(250);
  const during = { names: names(warehouse), problems: runner.problems.list().map(({ problem }) => problem) };
  trouble = false;
  await settle(runner, { clock, failure: () => failure });
  const after = { names: names(warehouse), problems: runner.problems.list().map(({ problem }) => problem) };
  let stopped = false;
  const stopping = runner.stop().finally(() => stopped = true);
  while (!stopped) await clock.pass(1_000);
  await stopping;
  await log.close();
  return { during, after, restarts, failure, all: ids.map(named), elsewhere: elsewhere.map(named) };
}

Deno.test("a partition that cannot be read is a problem of its own: others go on, nothing is restarted", async () => {
  const shown = topology("things", (builder) => builder.table(things).to(sink));
  const { during, after, restarts, failure, all, elsewhere } = await runTroubled(shown);
  assertEquals({ during, restarts, failure }, {
    during: { names: elsewhere, problems: [PROBLEM] },
    restarts: [],
    failure: null,
  });
  assertEquals(after, { names: all, problems: [] });
});

Deno.test("a global table with a partition that cannot be read is waited for, and says why", async () => {
  const shown = topology("things", (builder) => {
    builder.table(things).leftJoin("same", builder.globalTable(things), (thing) => thing.id)
      .mapValues(({ id, same }) => ({ id, name: same?.name ?? "" })).to(sink);
  });
  const { during, after, failure, all } = await runTroubled(shown);
  assertEquals(failure, null);
  assertEquals([...new Set(during.problems)], [PROBLEM]);
  assertEquals(during.names, []);
  assertEquals(after, { names: all, problems: [] });
});

function names(warehouse: ReturnType<typeof createMemoryWarehouse>): unknown[] {
  return warehouse.select("things").map((row) => row.name).sort();
}

function named(id: number): string {
  return `thing ${id}`;
}
