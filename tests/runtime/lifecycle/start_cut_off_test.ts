import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import type { GroupOptions, Log } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";
import { Runner } from "../../../src/runtime/runner.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { createStepClock } from "../../../src/testing/quiescence.ts";

const things = debezium("things", { key: ["id"], row: z.object({ id: z.int() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64" } });
const mirror = topology("mirror", (builder) => builder.table(things).to(shown));

/** Starts the topology on a log that stores every HELLO and never says so. */
async function startUnanswered() {
  const clock = createStepClock(createManualClock());
  const embedded = openEmbeddedLog({ path: ":memory:", clock });
  await embedded.createTopic({ name: "things", partitions: 2, cleanup: "compact", retentionMs: -1 });
  let hellos = 0;
  let group: GroupOptions | null = null;
  const log: Log = {
    ...embedded,
    append() {
      hellos++;
      return Promise.reject(new ProductionError("the answer was lost", { retriable: true }));
    },
    join(options) {
      group = options;
      return embedded.join(options);
    },
  };
  const runner = new Runner(mirror, {
    log,
    warehouse: createMemoryWarehouse(),
    clock,
    random: { next: () => 0.5 },
    metrics: { count() {}, gauge() {}, observe() {} },
    deadLetters: { put: () => Promise.resolve() },
  }, { options: defaultRunOptions });
  runner.start();
  while (hellos < 2) await clock.pass(1_000);
  return {
    clock,
    runner,
    hellos: () => hellos,
    assign: (tasks: readonly string[]) => group!.onAssigned(tasks),
    async stop() {
      let stopped = false;
      const stopping = runner.stop().finally(() => stopped = true);
      while (!stopped) await clock.pass(1_000);
      await stopping;
    },
    close: () => embedded.close(),
  };
}

Deno.test("a runner that was stopped while its tasks start says no HELLO any more", async () => {
  const { clock, hellos, stop, close } = await startUnanswered();
  await stop();
  const before = hellos();
  for (let second = 0; second < 60; second++) await clock.pass(1_000);
  await close();
  assertEquals(hellos(), before);
});

Deno.test("tasks that move away while they start are not said HELLO for any more, and that is no problem", async () => {
  const { clock, hellos, runner, assign, stop, close } = await startUnanswered();
  assert(runner.problems.list().some(({ name }) => name === "start"));
  assign([]);
  const before = hellos();
  for (let second = 0; second < 60; second++) await clock.pass(1_000);
  assertEquals(hellos(), before);
  assertEquals(runner.problems.list(), []);
  await stop();
  await close();
});
