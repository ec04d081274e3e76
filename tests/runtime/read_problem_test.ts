import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, type Topology, topology } from "../../src/mod.ts";
import type { Fetched, Log, Reader } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { readerWith } from "../reader_with.ts";
import { appendKeyed, openStepLog, StepRun } from "./step_run.ts";

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
  const place = await openStepLog({ [TOPIC]: 2 });
  let trouble = true;
  const log = troubled(place.log, (partition) => trouble && partition === 1);
  const ids = [1, 2, 3, 4, 5, 6];
  const records = ids.map((id) => ({
    key: `{"id":${id}}`,
    value: `{"op":"r","after":{"id":${id},"name":"thing ${id}"}}`,
  }));
  await appendKeyed(log, records, { topic: TOPIC, partitions: 2 });
  const elsewhere = ids.filter((id) => partitionOf(`{"id":${id}}`, 2) !== 1);
  const warehouse = createMemoryWarehouse();
  const run = new StepRun(shown, { clock: place.clock, ports: { log, warehouse } }).start();
  const seen = () => ({ names: names(warehouse), problems: run.runner.problems.list().map(({ problem }) => problem) });
  for (let turn = 0; turn < 40; turn++) await place.clock.pass(250);
  const during = seen();
  trouble = false;
  await run.settled();
  const after = seen();
  await run.stop();
  await log.close();
  const { restarts, failure } = run;
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
