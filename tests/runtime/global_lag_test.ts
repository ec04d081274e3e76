import { assertEquals } from "@std/assert";
import { z } from "zod";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { createStepClock } from "../../src/testing/quiescence.ts";
import { readerWith } from "../reader_with.ts";

const THINGS = "shop.public.things";
const KINDS = "shop.public.kinds";
const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), kind: z.int() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shown = topology("things", (builder) => {
  builder.table(things).join("kind", builder.globalTable(kinds), (thing) => thing.kind)
    .mapValues(({ id, kind }) => ({ id, name: kind.name }))
    .to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});

/** A log that cannot read the kinds until it is mended. */
function withoutKinds(log: Log): { log: Log; mend(): void } {
  let mended = false;
  return {
    mend: () => mended = true,
    log: {
      ...log,
      reader() {
        const reader = log.reader();
        let readsKinds = false;
        return readerWith(reader, {
          seek(topic, partition, offset) {
            readsKinds ||= topic === KINDS;
            reader.seek(topic, partition, offset);
          },
          poll: (waitMs) =>
            readsKinds && !mended
              ? Promise.reject(new ProductionError("the broker of the kinds is away", { retriable: true }))
              : reader.poll(waitMs),
        });
      },
    },
  };
}

Deno.test("weir_global_lag_records tells how many records of global tables are not read yet", async () => {
  const clock = createStepClock(createManualClock());
  const { log, mend } = withoutKinds(openEmbeddedLog({ path: ":memory:", clock }));
  for (const name of [THINGS, KINDS]) {
    await log.createTopic({ name, partitions: 1, cleanup: "compact", retentionMs: -1 });
  }
  const records = [1, 2, 3].map((id) => ({
    key: `{"id":${id}}`,
    value: `{"op":"r","after":{"id":${id},"name":"kind ${id}"}}`,
  }));
  await log.append([{ topic: KINDS, partition: 0, records }]);
  const gauges = new Map<string, number>();
  const runner = new Runner(shown, {
    log,
    clock,
    warehouse: createMemoryWarehouse(),
    random: { next: () => 0.5 },
    metrics: { count() {}, gauge: (name, _, value) => gauges.set(name, value), observe() {} },
    deadLetters: { put: (letters) => Promise.reject(new Error(`${letters.length} dead letters`)) },
  }, { options: defaultRunOptions });
  await runner.start();
  await clock.pass(2_000);
  const away = gauges.get("weir_global_lag_records");
  mend();
  await clock.pass(5_000);
  const back = gauges.get("weir_global_lag_records");
  let stopped = false;
  const stopping = runner.stop().finally(() => stopped = true);
  while (!stopped) await clock.pass(1_000);
  await stopping;
  await log.close();
  assertEquals([away, back], [3, 0]);
});
