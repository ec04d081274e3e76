import { assertEquals } from "@std/assert";
import type { Log, Reader } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { readerWith } from "../reader_with.ts";
import { openThings } from "./things.ts";

/** A log whose readers give up what they read whenever `failure` is set, once. */
function failing(log: Log) {
  const state: { failure: Error | null; log: Log } = {
    failure: null,
    log: {
      ...log,
      reader(): Reader {
        const reader = log.reader();
        return readerWith(reader, {
          poll(waitMs) {
            const { failure } = state;
            state.failure = null;
            return failure === null ? reader.poll(waitMs) : Promise.reject(failure);
          },
        });
      },
    } as Log,
  };
  return state;
}

const PROBLEM = { name: "task things-0", problem: 'Task "things-0" was started again: the batch is damaged' };

Deno.test("restarts back off, and are a problem, until the task has run steadily", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put([[1, "thing 1"]]);
  const log = failing(world.log);
  const { runner, events } = world.spawn({ log: log.log });
  const restarts = () => events.filter(({ kind }) => kind === "restart").length;
  const problems = () => runner.problems.list().filter(({ name }) => name !== "log");
  await world.until(() => runner.ready);
  const restart = async () => {
    const before = restarts();
    log.failure = new ProductionError("the batch is damaged", { retriable: false });
    await world.until(() => restarts() > before);
    assertEquals([problems(), runner.ready], [[PROBLEM], false]);
    const sinceMs = world.clock.nowMs();
    await world.until(() => runner.ready);
    return world.clock.nowMs() - sinceMs;
  };
  const first = await restart();
  assertEquals(problems(), [], "one restart alone is over when the task runs");
  const later = [await restart(), await restart(), await restart()];
  for (const [index, pauseMs] of later.entries()) {
    const expectedMs = 750 * 2 ** (index + 1);
    assertEquals(pauseMs >= expectedMs && pauseMs < expectedMs + 1_500, true, `${first}, then ${later}`);
  }
  assertEquals([runner.ready, problems()], [true, [PROBLEM]]);
  await world.clock.pass(290_000);
  assertEquals(problems(), [PROBLEM]);
  await world.clock.pass(20_000);
  assertEquals(problems(), []);
  assertEquals(await restart() < 1_500, true, "the pauses begin anew");
});

const HELLO = { key: null, value: '{"hello":"things-0"}' };

Deno.test("restarts since another instance has begun the task are no problem once the task runs", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put([[1, "thing 1"]]);
  const { runner, events } = world.spawn();
  const restarts = () => events.filter(({ kind }) => kind === "restart").length;
  const problems = () => runner.problems.list().filter(({ name }) => name !== "log");
  await world.until(() => runner.ready);
  for (const times of [1, 2, 3]) {
    await world.log.append([{ topic: "weir.things.things.inbox.g1", partition: 0, records: [HELLO] }]);
    await world.until(() => restarts() === times);
    assertEquals([problems().map(({ problem }) => problem), runner.ready], [
      ['Task "things-0" was started again: superseded'],
      false,
    ]);
    await world.until(() => runner.ready);
    assertEquals(problems(), [], `after ${times}`);
  }
});
