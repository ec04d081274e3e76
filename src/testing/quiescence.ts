import { setImmediate } from "node:timers";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { LimitError } from "../record/errors.ts";
import { UNKNOWN } from "../record/row.ts";
import type { Runner } from "../runtime/runner.ts";
import type { TaskHost } from "../runtime/lifecycle/task_host.ts";
import type { ManualClock } from "./manual_clock.ts";

/** Milliseconds of the manual clock that a topology may take to come to rest: longer than any back-off. */
const SETTLE_MS_MAX = 300_000;
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
  /** Milliseconds until the next sleeper wakes, or null. */
  nextMs(): number | null;
}

/** Makes every breather and sleep of `clock` visible. Works as long as all I/O is synchronous, as that of the in-memory ports is. */
export function createStepClock(clock: ManualClock): StepClock {
  let breathes = 0;
  let turning = 0;
  const drained = async () => {
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      await turn();
      if (turning === 0) return;
    }
    throw new LimitError(
      "TURNS_MAX",
      `Cannot let the topology come to rest: it was still busy after ${TURNS_MAX} turns`,
    );
  };
  return {
    nowMs: () => clock.nowMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    async breathe() {
      if (++breathes % BREATHES_PER_TURN !== 0) return;
      turning++;
      await turn();
      turning--;
    },
    nextMs: () => clock.nextMs(),
    drained,
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
  ports: { readonly log: Log; readonly clock: StepClock; readonly failure: () => Error | null },
): Promise<void> {
  const { log, clock, failure } = ports;
  for (let leftMs = SETTLE_MS_MAX;;) {
    await clock.drained();
    const error = failure();
    if (error !== null) throw error;
    const unfinished = await findUnfinished(runner, log);
    if (unfinished.length === 0) return;
    const stepMs = clock.nextMs();
    if (stepMs === null || stepMs > leftMs) throw stuck(runner, unfinished);
    leftMs -= Math.max(stepMs, 0.01);
    await clock.pass(stepMs);
  }
}

function stuck(runner: Runner, unfinished: readonly string[]): LimitError {
  const problems = runner.problems.list().map(({ name, problem }) => `${name}: ${problem}`);
  const list = [...unfinished, ...problems].map((line) => `\n  - ${line}`).join("");
  return new LimitError(
    "SETTLE_MS_MAX",
    `Cannot settle topology "${runner.topology.name}" within ${SETTLE_MS_MAX} ms of its clock:${list}`,
  );
}

/** What is not done yet, one line each; empty when everything is. */
async function findUnfinished(runner: Runner, log: Log): Promise<string[]> {
  if (!runner.ready) {
    const states = [...runner.hosts.values()].filter((host) => host.state !== "running").map(describeHost);
    return states.length > 0 ? states : ["no task is assigned"];
  }
  const unfinished: string[] = [];
  for (const host of runner.hosts.values()) unfinished.push(...await unreadOf(host, log), ...unansweredOf(host));
  if (!runner.globals!.reached(await runner.globals!.ends())) unfinished.push("records of global tables are not read");
  if (runner.producer.queuedBytes > 0) unfinished.push("messages to other tasks are not appended");
  for (const [sink, { pendingRows }] of runner.writers) {
    if (pendingRows > 0) unfinished.push(`${pendingRows} rows of sink "${sink}" are not acknowledged`);
  }
  return unfinished;
}

function describeHost(host: TaskHost): string {
  const pending = host.task === null ? "" : `, ${host.task.pending} rows wait for partners`;
  return `task "${host.id}" is ${host.state}${pending}, ${host.lag} source records behind`;
}

async function unreadOf(host: TaskHost, log: Log): Promise<string[]> {
  const unread: string[] = [];
  for (const [member, topic] of host.topics.entries()) {
    const end = (await log.offsets(topic)).end[host.partition];
    if (host.positions[member] < end) {
      unread.push(`task "${host.id}" has read "${topic}" to ${host.positions[member]} of ${end}`);
    }
  }
  const end = (await log.offsets(host.inboxTopic)).end[host.partition];
  if (host.inboxPosition < end) unread.push(`task "${host.id}" has read its inbox to ${host.inboxPosition} of ${end}`);
  return unread;
}

function unansweredOf(host: TaskHost): string[] {
  return host.task!.stores.flatMap((store, index) => {
    const unanswered = [...store.entries.values()].filter((right) => right.value === UNKNOWN).length;
    return unanswered === 0
      ? []
      : [`task "${host.id}": ${unanswered} rows of "${host.table.lookups[index].name}" not answered`];
  });
}
