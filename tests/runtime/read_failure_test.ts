import { assertEquals } from "@std/assert";
import { z } from "zod";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { clickhouse, debezium, type Topology, topology } from "../../src/mod.ts";
import type { Log, Reader } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { createStepClock, settle } from "../../src/testing/quiescence.ts";
import { readerWith } from "../reader_with.ts";

const things = debezium("shop.public.things", { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
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

const ports = {
  random: { next: () => 0.5 },
  metrics: { count() {}, gauge() {}, observe() {} },
  deadLetters: { put: (letters: readonly unknown[]) => Promise.reject(new Error(`${letters.length} dead letters`)) },
};

/** Two things, the second of which comes after the reader has given up. What was seen of it. */
async function runBroken(shown: Topology): Promise<{ names: unknown[]; restarts: string[]; failure: Error | null }> {
  const clock = createStepClock(createManualClock());
  const { log, broken } = breakable(openEmbeddedLog({ path: ":memory:", clock }));
  await log.createTopic({ name: "shop.public.things", partitions: 1, cleanup: "compact", retentionMs: -1 });
  const append = (id: number) => {
    const record = { key: `{"id":${id}}`, value: `{"op":"r","after":{"id":${id},"name":"thing ${id}"}}` };
    return log.append([{ topic: "shop.public.things", partition: 0, records: [record] }]);
  };
  await append(1);
  const warehouse = createMemoryWarehouse();
  const restarts: string[] = [];
  let failure: Error | null = null;
  const runner = new Runner(shown, { log, warehouse, clock, ...ports }, {
    options: defaultRunOptions,
    onEvent: (event) => {
      if (event.kind === "restart") restarts.push(event.reason);
    },
  });
  const fail = (error: Error) => failure ??= error;
  runner.failed.then(fail);
  runner.start().catch(fail);
  await settle(runner, { clock, failure: () => failure });
  broken();
  await append(2);
  await settle(runner, { clock, failure: () => failure }).catch(fail);
  let stopped = false;
  const stopping = runner.stop().finally(() => stopped = true);
  while (!stopped) await clock.pass(1_000);
  await stopping;
  await log.close();
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
