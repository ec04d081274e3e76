import { assertEquals } from "@std/assert";
import { retry, STOPPED, waitMsAfter } from "../../src/ports/retry.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { createManualClock } from "../../src/testing/manual_clock.ts";
import { createStepClock } from "../../src/testing/quiescence.ts";

/** An action that fails `failures` times, and notes when it was tried. */
function failing(failures: number, error: Error = new ProductionError("away", { retriable: true })) {
  const clock = createStepClock(createManualClock(0));
  const triesMs: number[] = [];
  const states: (string | null)[] = [];
  return {
    clock,
    triesMs,
    states,
    onState: (state: Error | null) => void states.push(state?.message ?? null),
    action() {
      triesMs.push(clock.nowMs());
      return triesMs.length <= failures ? Promise.reject(error) : Promise.resolve("done");
    },
  };
}

Deno.test("retry() waits twice as long after each failure, up to a limit, and tells trouble and its end", async () => {
  const { clock, triesMs, states, onState, action } = failing(5);
  const result = retry(action, { clock, firstMs: 100, lastMs: 500, onState });
  await clock.drained();
  await clock.pass(10_000);
  assertEquals(await result, "done");
  assertEquals(triesMs, [0, 100, 300, 700, 1_200, 1_700]);
  assertEquals(states, ["away", "away", "away", "away", "away", null]);
});

Deno.test("retry() says nothing of an action that succeeds at once", async () => {
  const { clock, states, onState, action } = failing(0);
  assertEquals(await retry(action, { clock, firstMs: 100, lastMs: 100, onState }), "done");
  assertEquals(states, []);
});

Deno.test("retry() throws what no other try can mend, without a word of trouble", async () => {
  for (const error of [new ProductionError("refused", { retriable: false }), new TypeError("mistake")]) {
    const { clock, triesMs, states, onState, action } = failing(1, error);
    const thrown = await retry(action, { clock, firstMs: 100, lastMs: 100, onState }).catch((caught) => caught);
    assertEquals([thrown, triesMs, states], [error, [0], []]);
  }
});

Deno.test("retry() tells the end of trouble when it throws after that", async () => {
  const { clock, states, onState, action } = failing(2);
  const failures = [new TypeError("odd"), new ProductionError("away", { retriable: true })];
  const thrown = retry(() => failures.length > 0 ? Promise.reject(failures.pop()) : action(), {
    ...{ clock, firstMs: 100, lastMs: 100, onState },
  }).catch((error) => error.message);
  await clock.drained();
  await clock.pass(100);
  assertEquals([await thrown, states], ["odd", ["away", null]]);
});

Deno.test("retry() repeats whatever the caller calls retriable", async () => {
  const { clock, triesMs, action } = failing(1, new TypeError("odd"));
  const result = retry(action, { clock, firstMs: 100, lastMs: 100, retriable: () => true });
  await clock.drained();
  await clock.pass(100);
  assertEquals([await result, triesMs], ["done", [0, 100]]);
});

Deno.test("retry() does not try when stopped, nor again when stopped meanwhile", async () => {
  const { clock, triesMs, states, onState, action } = failing(9);
  const options = { clock, firstMs: 100, lastMs: 100, onState };
  assertEquals(await retry(action, { ...options, stopped: () => true }), STOPPED);
  assertEquals(triesMs, []);
  const waiting = retry(action, { ...options, stopped: () => clock.nowMs() >= 250 });
  await clock.drained();
  await clock.pass(1_000);
  assertEquals([await waiting, triesMs], [STOPPED, [0, 100, 200]]);
  let stopped = false;
  const trying = retry(() => {
    stopped = true;
    return action();
  }, { ...options, stopped: () => stopped });
  await clock.drained();
  assertEquals(await trying, STOPPED);
  // What is told has its end; of the try that failed after the stop nothing is said.
  assertEquals(states, ["away", "away", "away", null]);
});

Deno.test("waitMsAfter() takes half to the whole of a wait at random", () => {
  const waits = { firstMs: 1_000, lastMs: 30_000 };
  assertEquals([1, 2, 5, 6, 2_000].map((failures) => waitMsAfter(failures, waits)), [
    1_000,
    2_000,
    16_000,
    30_000,
    30_000,
  ]);
  assertEquals([0, 0.5].map((next) => waitMsAfter(2, { ...waits, random: { next: () => next } })), [1_000, 1_500]);
});
