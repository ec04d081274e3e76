import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import type { GroupOptions, Log } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { openStepLog, StepRun } from "../step_run.ts";

const things = debezium("things", { key: ["id"], row: z.object({ id: z.int() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64" } });
const mirror = topology("mirror", (builder) => builder.table(things).to(shown));

/** Starts the topology on a log that stores every HELLO and never says so. */
async function startUnanswered() {
  const { clock, log: embedded } = await openStepLog({ things: 2 });
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
  const run = new StepRun(mirror, { clock, ports: { log } }).start();
  while (hellos < 2) await clock.pass(1_000);
  return {
    clock,
    runner: run.runner,
    hellos: () => hellos,
    assign: (tasks: readonly string[]) => group!.onAssigned(tasks, []),
    stop: () => run.stop(),
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
