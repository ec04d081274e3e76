import { assertEquals } from "@std/assert";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import { DeserializationError, ProductionError } from "../../../src/record/errors.ts";
import { DeadLetterQueue } from "../../../src/runtime/delivery/dead_letter_queue.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createStepClock } from "../../../src/testing/quiescence.ts";

/** A queue whose store fails at first. */
function openQueue({ failures }: { failures: number }) {
  const clock = createStepClock(createManualClock(0));
  const tries: (number | undefined)[][] = [];
  const queue = new DeadLetterQueue("things", {
    clock,
    metrics: { count() {}, gauge() {}, observe() {} },
    deadLetters: {
      put(letters: readonly DeadLetter[]) {
        tries.push([clock.nowMs(), ...letters.map(({ offset }) => offset ?? undefined)]);
        return tries.length <= failures
          ? Promise.reject(new ProductionError("away", { retriable: true }))
          : Promise.resolve();
      },
    },
  });
  const add = (offset: number) => {
    const position = { topic: "things", partition: 0, offset };
    const record = { offset, key: null, value: "?", timestampMs: 0 };
    queue.undecodable({ position, record }, new DeserializationError("bad_value", "it is no row"));
  };
  return { clock, tries, queue, add };
}

Deno.test("DeadLetterQueue stores what could not be stored a second later, with what came meanwhile", async () => {
  const { clock, tries, queue, add } = openQueue({ failures: 2 });
  add(1);
  add(2);
  await clock.drained();
  add(3);
  await clock.pass(10_000);
  await queue.flush();
  assertEquals(tries, [[0, 1, 2], [1_000, 1, 2, 3], [2_000, 1, 2, 3]]);
});

Deno.test("DeadLetterQueue.flush() waits for a store that answers, and not for one that does not", async () => {
  const answering = openQueue({ failures: 0 });
  answering.add(1);
  await answering.queue.flush();
  assertEquals(answering.tries, [[0, 1]]);
  const silent = openQueue({ failures: 1 });
  silent.add(1);
  await silent.queue.flush();
  assertEquals(silent.tries, [[0, 1]]);
  await silent.clock.pass(1_000);
  silent.add(2);
  await silent.queue.flush();
  assertEquals(silent.tries, [[0, 1], [1_000, 1], [1_000, 2]]);
});
