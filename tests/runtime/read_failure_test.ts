import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, type Topology, topology } from "../../src/mod.ts";
import type { Log, Reader } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { readerWith } from "../reader_with.ts";
import { openStepLog, StepRun } from "./step_run.ts";

const THINGS = "shop.public.things";
const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const sink = clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } });

/**
 * A log whose readers, from `broken()` on, give up every partition they read and say so once, until it is sought again.
 */
function breakable(log: Log) {
  const breakers: (() => void)[] = [];
  return {
    broken: () => breakers.forEach((breakIt) => breakIt()),
    log: {
      ...log,
      reader(): Reader {
        const reader = log.reader();
        const read = new Map<string, readonly [string, number]>();
        let failure: Error | null = null;
        breakers.push(() => {
          for (const [topic, partition] of read.values()) reader.stop(topic, partition);
          failure = new ProductionError("Cannot read: the batch is damaged", { retriable: false });
        });
        return readerWith(reader, {
          seek(topic, partition, offset) {
            read.set(`${topic} ${partition}`, [topic, partition]);
            reader.seek(topic, partition, offset);
          },
          poll(waitMs) {
            const error = failure;
            failure = null;
            return error === null ? reader.poll(waitMs) : Promise.reject(error);
          },
        });
      },
    } as Log,
  };
}

/** Two things, the second of which comes after the reader has given up. What was seen of it. */
async function runBroken(shown: Topology): Promise<{ names: unknown[]; restarts: string[]; failure: Error | null }> {
  const place = await openStepLog({ [THINGS]: 1 });
  const { log, broken } = breakable(place.log);
  const append = (id: number) => {
    const record = { key: `{"id":${id}}`, value: `{"op":"r","after":{"id":${id},"name":"thing ${id}"}}` };
    return log.append([{ topic: THINGS, partition: 0, records: [record] }]);
  };
  await append(1);
  const warehouse = createMemoryWarehouse();
  const run = new StepRun(shown, { clock: place.clock, ports: { log, warehouse } }).start();
  await run.settled();
  broken();
  await append(2);
  await run.settled().catch((error) => run.failure ??= error);
  await run.stop();
  await log.close();
  const { restarts, failure } = run;
  return { names: warehouse.select("things").map((row) => row.name), restarts, failure };
}

Deno.test("a partition that the reader gives up is read again from the start of its task", async () => {
  const shown = topology("things", (builder) => builder.table(things).to(sink));
  const { names, restarts, failure } = await runBroken(shown);
  assertEquals(failure, null);
  assertEquals(restarts, ["Cannot read: the batch is damaged"]);
  assertEquals(names, ["thing 1", "thing 2"]);
});

Deno.test("a topology ends when the reader gives up a partition of a global table", async () => {
  const shown = topology("things", (builder) => {
    builder.table(things).leftJoin("same", builder.globalTable(things), (thing) => thing.id)
      .mapValues(({ id, same }) => ({ id, name: same?.name ?? "" })).to(sink);
  });
  const { failure } = await runBroken(shown);
  assertEquals(failure?.message, "Cannot read: the batch is damaged");
});
