import { assertEquals } from "@std/assert";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { DeserializationError, ProcessorError, ProductionError } from "../../../src/record/errors.ts";
import { DeadLetterQueue } from "../../../src/runtime/delivery/dead_letter_queue.ts";
import type { RunEvent } from "../../../src/runtime/run_event.ts";
import { createManualClock } from "../../../src/testing/manual_clock.ts";
import { createStepClock } from "../../../src/testing/quiescence.ts";
import { lettersTo } from "../../letters_to.ts";

/** A queue whose store fails at first. */
function openQueue({ failures }: { failures: number }) {
  const clock = createStepClock(createManualClock(0));
  const tries: (number | undefined)[][] = [];
  const events: RunEvent[] = [];
  const queue = new DeadLetterQueue({ name: "things", nodes: [], streams: [] }, {
    clock,
    metrics: { count() {}, gauge() {}, observe() {} },
    deadLetters: lettersTo((letters) => {
      tries.push([clock.nowMs(), ...letters.map(({ offset }) => offset ?? undefined)]);
      return tries.length <= failures
        ? Promise.reject(new ProductionError("away", { retriable: true }))
        : Promise.resolve();
    }),
  }, (event) => events.push(event));
  const add = (offset: number) => {
    const position = { topic: "things", partition: 0, offset };
    const record = { offset, key: null, value: "?", timestampMs: 0 };
    queue.undecodable(
      { task: "things-0", epoch: 1, subject: null, position, record },
      new DeserializationError("bad_value", "it is no row"),
    );
  };
  return { clock, tries, queue, add, events };
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

/** A queue on a file in memory, and what it tells. */
function openKept() {
  const clock = createManualClock(0);
  const kept = openEmbeddedDeadLetters({ path: ":memory:" });
  const events: RunEvent[] = [];
  const gauges = new Map<string, number>();
  let counted = 0;
  const queue = new DeadLetterQueue({ name: "things", nodes: [], streams: [] }, {
    clock,
    metrics: {
      count: () => void counted++,
      gauge: (name, { stage, reason }, value) => gauges.set(`${name} ${stage} ${reason}`, value),
      observe() {},
    },
    deadLetters: kept,
  }, (event) => events.push(event));
  const maker = { task: "things-0", epoch: 1 };
  const refuse = (id: number, { epoch = 1, why = "no" } = {}) =>
    queue.callback({
      ...maker,
      epoch,
      error: new ProcessorError("map", String(id), { cause: new RangeError(why), row: { id } }),
      subject: String(id),
      columns: ["id"],
      position: null,
      occasion: null,
    });
  const told = () =>
    events.splice(0).map((event) =>
      event.kind === "letters" ? `${event.more ? "more" : "first"} ${event.letters} ${event.example.key}` : event.kind
    );
  return { clock, kept, queue, refuse, told, gauges, maker, counted: () => counted };
}

Deno.test("DeadLetterQueue tells the first letter of a reason at once, then how many more a minute", async () => {
  const { clock, queue, refuse, told } = openKept();
  refuse(1);
  assertEquals(told(), ['first 1 {"id":1}']);
  for (let id = 2; id < 400; id++) refuse(id);
  const position = { topic: "things", partition: 0, offset: 3 };
  const record = { offset: 3, key: '{"id":9}', value: "?", timestampMs: 0 };
  queue.undecodable(
    { task: "things-0", epoch: 1, subject: "9", position, record },
    new DeserializationError("bad_value", "it is no row"),
  );
  assertEquals(told(), ['first 1 {"id":9}']);
  const pass = (ms: number) => {
    clock.advance(ms);
    queue.tick(clock.nowMs());
    return told();
  };
  assertEquals([pass(59_000), pass(1_000)], [[], ['more 398 {"id":399}']]);
  refuse(1_000);
  assertEquals([pass(59_000), pass(1_000)], [[], ['more 1 {"id":1000}']]);
  // After a quiet minute the next one is told at once.
  assertEquals(pass(60_000), []);
  refuse(1_001);
  refuse(1_002);
  assertEquals(told(), ['first 1 {"id":1001}']);
  await queue.close();
  assertEquals(told(), ['more 1 {"id":1002}'], "at the end everything was told");
});

Deno.test("DeadLetterQueue writes what repeats once, and again after it was resolved", async () => {
  const { kept, queue, refuse, maker, told, counted } = openKept();
  for (let time = 0; time < 3; time++) refuse(1);
  const mended = {
    kind: "subject",
    ...maker,
    stage: "callback",
    operator: "map",
    subject: "1",
    why: "mended",
  } as const;
  assertEquals([counted(), told().length], [3, 1]);
  queue.resolve(mended);
  await queue.flush();
  assertEquals(kept.list().map(({ resolution }) => resolution), ["mended"]);
  refuse(1);
  await queue.flush();
  assertEquals(kept.list().map(({ resolution }) => resolution), [null]);
  kept.close();
});

Deno.test("DeadLetterQueue reports the letters that are open by stage and reason, and zero", async () => {
  const { clock, kept, queue, refuse, gauges, maker } = openKept();
  const report = async () => {
    await queue.flush();
    queue.tick(clock.nowMs());
    await new Promise((resolve) => setTimeout(resolve));
    return [...gauges];
  };
  refuse(1);
  refuse(2);
  assertEquals(await report(), [["weir_dead_letters_open callback callback_threw", 2]]);
  assertEquals(queue.openLetters, 2);
  queue.resolve({ kind: "start", unread: [], ...maker, epoch: 2, why: "mended" });
  assertEquals(await report(), [["weir_dead_letters_open callback callback_threw", 0]]);
  kept.close();
});

Deno.test("DeadLetterQueue resolves nothing by a start of which letters were dropped", async () => {
  const { kept, queue, refuse, maker } = openKept();
  refuse(1);
  refuse(20_000);
  await queue.flush();
  // The store has no time to take any.
  for (let id = 1; id <= 12_000; id++) refuse(id, { epoch: 2 });
  queue.resolve({ kind: "start", unread: [], ...maker, epoch: 2, why: "mended" });
  await queue.flush();
  assertEquals(kept.count({ state: "resolved" }), 0);
  queue.resolve({ kind: "start", unread: [], ...maker, epoch: 3, why: "mended" });
  await queue.flush();
  assertEquals(kept.count({ state: "open" }), 0);
  kept.close();
});
