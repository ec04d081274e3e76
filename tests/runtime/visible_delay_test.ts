import { assertEquals } from "@std/assert";
import { z } from "zod";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import { defaultRunOptions } from "../../src/runtime/options.ts";
import { Runner } from "../../src/runtime/runner.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import { createStepClock } from "../../src/testing/quiescence.ts";

/** Later than all that happens before the rows are tampered with. */
const REPAIR_MS = 60_000;
const THINGS = "shop.public.things";
const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shown = topology("things", (builder) => {
  builder.table(things).to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});

Deno.test("weir_visible_delay_seconds tells the age of a row's record, nothing of old and repaired rows", async () => {
  const clock = createStepClock(createManualClock());
  const log = openEmbeddedLog({ path: ":memory:", clock });
  const warehouse = createMemoryWarehouse();
  await log.createTopic({ name: THINGS, partitions: 1, cleanup: "compact", retentionMs: -1 });
  const append = (id: number) => {
    const value = `{"op":"c","after":{"id":${id},"name":"thing ${id}"}}`;
    return log.append([{ topic: THINGS, partition: 0, records: [{ key: `{"id":${id}}`, value }] }]);
  };
  const delays: number[] = [];
  let repaired = 0;
  const runner = new Runner(shown, {
    log,
    clock,
    warehouse,
    random: { next: () => 0.5 },
    metrics: {
      count() {},
      gauge() {},
      observe: (name, _, value) => name === "weir_visible_delay_seconds" && delays.push(value),
    },
    deadLetters: { put: (letters) => Promise.reject(new Error(`${letters.length} dead letters`)) },
  }, {
    options: { ...defaultRunOptions, repairAfterMs: REPAIR_MS },
    onEvent: (event) => {
      if (event.kind === "repaired") repaired += event.rows;
    },
  });
  await append(1);
  await runner.start();
  await clock.pass(5_000);
  assertEquals([warehouse.writes(), delays], [1, []]);
  await append(2);
  // Else the clock might go on before the poll has seen what was appended.
  await clock.drained();
  await clock.pass(5_000);
  assertEquals([warehouse.writes(), delays.length, delays[0] < 1], [2, 1, true]);
  for (const { key } of [...warehouse.stored("things")]) warehouse.tamper({ table: "things", key }, null);
  await clock.pass(REPAIR_MS);
  assertEquals([repaired, warehouse.writes(), delays.length], [2, 4, 1]);
  const stopping = runner.stop();
  await clock.pass(10_000);
  await stopping;
  await log.close();
});
