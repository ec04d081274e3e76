import { setImmediate } from "node:timers";
import type { Clock } from "../ports/clock.ts";
import { LimitError } from "../record/errors.ts";
import type { Runner, Unfinished, UnfinishedTask } from "../runtime/runner.ts";
import type { ManualClock } from "./manual_clock.ts";

/** Milliseconds of the manual clock that a topology may take to come to rest: longer than any back-off. */
const SETTLE_MS_MAX = 300_000;
/** Milliseconds of it that a topology may take to stop. */
const STOP_MS_MAX = 60_000;
/** Turns of the event loop without an end: something runs in circles. */
const TURNS_MAX = 200_000;
/** Breathers that are microtasks; then one is a real turn, so that an endless loop cannot hold the process. */
const BREATHES_PER_TURN = 1_000;

/** A manual clock on which one can wait until nothing runs any more but what sleeps. */
export interface StepClock extends Clock {
  /** Resolves when everything that can go on without time passing has gone on. @throws LimitError if that never ends */
  drained(): Promise<void>;
  /** Lets `ms` milliseconds pass, sleeper by sleeper, each drained before the next. */
  pass(ms: number): Promise<void>;
  /** Lets `ms` milliseconds pass at once: who sleeps again meanwhile sleeps from the end on. */
  jump(ms: number): Promise<void>;
  /** Milliseconds until the next sleeper wakes, or null. */
  nextMs(): number | null;
  /** Work of the world outside, during which this clock stands still: nothing is drained before it has ended. */
  outside<T>(work: Promise<T>): Promise<T>;
}

/**
 * Makes every breather and sleep of `clock` visible. Works as long as all I/O is synchronous, as that of the in-memory
 * ports is, or goes through {@link StepClock.outside}.
 */
export function createStepClock(clock: ManualClock): StepClock {
  let breathes = 0;
  let turning = 0;
  const outside = new Set<Promise<unknown>>();
  const drained = async () => {
    for (let turns = 0; turns < TURNS_MAX;) {
      await turn();
      if (outside.size > 0) {
        await Promise.race(outside);
        continue;
      }
      if (turning === 0) return;
      turns++;
    }
    throw new LimitError(
      "TURNS_MAX",
      `Cannot let the topology come to rest: it was still busy after ${TURNS_MAX} turns`,
    );
  };
  return {
    nowMs: () => clock.nowMs(),
    elapsedMs: () => clock.elapsedMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    async breathe() {
      if (++breathes % BREATHES_PER_TURN !== 0) return;
      turning++;
      await turn();
      turning--;
    },
    nextMs: () => clock.nextMs(),
    drained,
    outside(work) {
      const ended: Promise<unknown> = work.catch(() => {}).finally(() => outside.delete(ended));
      outside.add(ended);
      return work;
    },
    jump(ms) {
      clock.advance(ms);
      return drained();
    },
    async pass(ms) {
      let left = ms;
      do {
        const step = Math.min(left, clock.nextMs() ?? left);
        clock.advance(step);
        left -= step;
        await drained();
      } while (left > 0);
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/**
 * Lets time pass until `runner` has processed and had acknowledged everything that is in the log.
 * @throws LimitError saying what is stuck. @throws whatever `failure` gives once it gives something
 */
export async function settle(
  runner: Runner,
  { clock, failure }: { readonly clock: StepClock; readonly failure: () => Error | null },
): Promise<void> {
  for (let leftMs = SETTLE_MS_MAX;;) {
    await clock.drained();
    const error = failure();
    if (error !== null) throw error;
    const unfinished = await runner.unfinished();
    if (unfinished.done) return;
    const stepMs = clock.nextMs();
    if (stepMs === null || stepMs > leftMs) throw stuck(runner, linesOf(unfinished));
    leftMs -= Math.max(stepMs, 0.01);
    await clock.pass(stepMs);
  }
}

/** Lets time pass until `runner` has stopped. @throws LimitError if it does not */
export async function stop(runner: Runner, clock: StepClock): Promise<void> {
  let stopped = false;
  const stopping = runner.stop().finally(() => stopped = true);
  stopping.catch(() => {});
  await clock.drained();
  for (let leftMs = STOP_MS_MAX; !stopped && leftMs > 0;) {
    const stepMs = Math.max(1, clock.nextMs() ?? leftMs);
    leftMs -= stepMs;
    await clock.pass(stepMs);
  }
  if (!stopped) {
    throw new LimitError(
      "STOP_MS_MAX",
      `Cannot stop topology "${runner.topology.name}" within ${STOP_MS_MAX} ms of its clock`,
    );
  }
  await stopping;
}

function stuck(runner: Runner, lines: readonly string[]): LimitError {
  const problems = runner.problems.list().map(({ name, problem }) => `${name}: ${problem}`);
  const list = [...lines, ...problems].map((line) => `\n  - ${line}`).join("");
  return new LimitError(
    "SETTLE_MS_MAX",
    `Cannot settle topology "${runner.topology.name}" within ${SETTLE_MS_MAX} ms of its clock:${list}`,
  );
}

/** What is not done yet, one line each. */
function linesOf({ ready, tasks, globalRecords, queuedBytes, sinks }: Unfinished): string[] {
  if (!ready) {
    const states = tasks.filter(({ state }) => state !== "running").map(stateLine);
    return states.length > 0 ? states : ["no task is assigned"];
  }
  const lines = tasks.flatMap(taskLines);
  if (globalRecords > 0) lines.push("records of global tables are not read");
  if (queuedBytes > 0) lines.push("messages to other tasks are not appended");
  for (const { name, rows } of sinks) lines.push(`${rows} rows of sink "${name}" are not acknowledged`);
  return lines;
}

function stateLine({ id, state, pendingRows, unread }: UnfinishedTask): string {
  const pending = pendingRows === 0 ? "" : `, ${pendingRows} rows wait for partners`;
  const records = unread.reduce((sum, { kind, position, end }) => kind === "source" ? sum + end - position : sum, 0);
  return `task "${id}" is ${state}${pending}, ${records} source records behind`;
}

function taskLines({ id, unread, busy, unanswered }: UnfinishedTask): string[] {
  return [
    ...unread.map(({ topic, kind, position, end }) =>
      `task "${id}" has read ${kind === "inbox" ? "its inbox" : `"${topic}"`} to ${position} of ${end}`
    ),
    ...busy ? [`task "${id}" has rows to evaluate`] : [],
    ...unanswered.map(({ join, rows }) => `task "${id}": ${rows} rows of "${join}" not answered`),
  ];
}
