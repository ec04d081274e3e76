import { groupTasks } from "./lifecycle/group_tasks.ts";
import type { Instance, StreamView } from "./lifecycle/instance.ts";
import type { TaskHost } from "./lifecycle/task_host.ts";

type Task = TaskHost["task"] | StreamView;

/** How many of a topology's tasks an instance has. */
export interface TaskShare {
  readonly own: number;
  readonly all: number;
  /** Whether it has the first one, which only one instance can. */
  readonly leads: boolean;
}

/** Which tasks of its topology the instance has. */
export function taskShareOf({ topics, hosts, streams }: Instance): TaskShare {
  const tasks = groupTasks(topics);
  const leads = tasks.length > 0 && (hosts.has(tasks[0].id) || streams.has(tasks[0].id));
  return { own: hosts.size + streams.size, all: tasks.length, leads };
}

/** How far a partition of events is brought out: ClickHouse has acknowledged what the records before `to` make. */
export interface BroughtOut {
  readonly topic: string;
  readonly partition: number;
  /** An offset. */
  readonly to: number;
  /** As {@link StreamView.short}. */
  readonly short: readonly string[];
}

/**
 * How far the streams and stages are that this instance has; those that have just begun, and do not know it yet, are
 * absent.
 */
export function broughtOutOf({ streams }: Instance): BroughtOut[] {
  return [...streams.values()].flatMap(({ topic, partition, doneTo, short }) =>
    doneTo === null ? [] : [{ topic, partition, to: doneTo, short }]
  );
}

const LOOK_EVERY_MS = 50;

/** How long to wait for it. */
export interface AppliedOptions {
  /** Whether every task that this instance has runs. */
  readonly ready: () => boolean;
  readonly deadlineMs: number;
  /** How many messages behind each other; {@link hopsOf} if absent. */
  readonly hops?: number;
}

/**
 * Resolves once everything that the log has now shows in ClickHouse, as far as the tasks of this instance go; to false
 * when that cannot be said: a task began anew meanwhile, or the time was over. The log may grow meanwhile, and nothing
 * is held back: positions are noted and waited for, never rest. What is read makes messages to other tasks, events for
 * stages and facts in their changelogs, and these others: so it is done once for each that a change can cause, behind
 * each other.
 */
export async function whenApplied(instance: Instance, options: AppliedOptions): Promise<boolean> {
  const tasks = tasksOf(instance);
  const unmoved = () => options.ready() && sameTasks(tasks, tasksOf(instance));
  const { clock } = instance.ports;
  const until = async (holds: () => boolean): Promise<boolean> => {
    for (;;) {
      if (!unmoved() || clock.nowMs() > options.deadlineMs) return false;
      if (holds()) return true;
      await clock.sleep(LOOK_EVERY_MS);
    }
  };
  const begunUs = clock.nowMs() * 1_000;
  for (let hop = 0; hop < (options.hops ?? hopsOf(instance)); hop++) {
    const [read, brought] = await Promise.all([readBy(instance), broughtBy(instance)]);
    if (!await until(read) || !await until(brought)) return false;
    // What had waited for a source may have been given behind that: with all that was taken by now.
    const taken = [...instance.streams.values()].map((stream) => ({ stream, to: stream.position }));
    if (!await until(() => taken.every(({ stream, to }) => isBrought(stream, to)))) return false;
    const marks = [...instance.hosts.values()].map(({ task }) => ({ queue: task!.queue, mark: task!.queue.position }));
    if (!await until(() => marks.every(({ queue, mark }) => queue.passed(mark)))) return false;
    if (!await until(instance.producer.mark())) return false;
  }
  const expired = () => [...instance.hosts.values()].every(({ task }) => (task!.expiry?.nextUs ?? Infinity) > begunUs);
  if (!await until(expired)) return false;
  let acknowledged = false;
  const barriers = Promise.all([...instance.writers.values()].map((writer) => writer.barrier()));
  barriers.then(() => acknowledged = true);
  return await until(() => acknowledged);
}

/**
 * Messages behind each other that one change can cause, at most: a question and its answer for each operator, and of
 * streams an event for each stage, and a fact that a table may read.
 */
export function hopsOf({ topology, topics: { inboxes, plan } }: Pick<Instance, "topology" | "topics">): number {
  const asking = inboxes.length === 0 ? 0 : topology.nodes.filter(({ op }) => ASKING.has(op)).length;
  return 1 + 2 * asking + (plan.streams.length === 0 ? 0 : 1) + stagesBehindEachOther(plan);
}

/** Through how many stages an event comes at most; where tables feed stages, each with a table behind it. */
function stagesBehindEachOther({ stages }: Instance["topics"]["plan"]): number {
  if (stages.some(({ node }) => node.op === "tableChanges" || node.op === "tableJoin")) return 2 * stages.length;
  // An operator comes behind its inputs, so that those behind a stage are counted before it.
  const depths: number[] = [];
  for (const { index, shuffles } of stages.toReversed()) {
    depths[index] = 1 + Math.max(0, ...shuffles.map(({ stage }) => depths[stage]));
  }
  return Math.max(0, ...depths);
}

/** Operators that may need rows of other tasks, or make rows of them. */
const ASKING: ReadonlySet<string> = new Set([
  "foreignKeyJoin",
  "keyJoin",
  "union",
  "aggregate",
  "selectKey",
  "flatMapValues",
]);

/** To be asked whether everything was read, and evaluated, that the topics of this instance's tasks have now. */
async function readBy(instance: Instance): Promise<() => boolean> {
  const { log } = instance.ports;
  const hosts = [...instance.hosts.values()];
  const topics = new Set(hosts.flatMap((host) => [...host.topics, host.inboxTopic]));
  const known = await Promise.all([...topics].map(async (topic) => [topic, (await log.offsets(topic)).end] as const));
  const ends = new Map(known);
  const globals = await instance.globals.ends();
  const isRead = (host: TaskHost): boolean => {
    const { evaluated: { positions, inbox }, partition } = host;
    const reached = host.topics.every((topic, member) => positions[member] >= ends.get(topic)![partition]);
    return reached && inbox >= ends.get(host.inboxTopic)![partition];
  };
  return () => instance.globals.behind(globals) === 0 && hosts.every(isRead);
}

/** To be asked whether everything is brought out that the topics of this instance's streams and stages have now. */
async function broughtBy({ streams, ports: { log } }: Instance): Promise<() => boolean> {
  const own = [...streams.values()];
  const topics = [...new Set(own.map(({ topic }) => topic))];
  const ends = new Map(
    await Promise.all(topics.map(async (topic) => [topic, (await log.offsets(topic)).end] as const)),
  );
  return () => own.every((stream) => stream.held === 0 && isBrought(stream, ends.get(stream.topic)![stream.partition]));
}

/** Of a task that has just begun anew it is not known. */
function isBrought({ doneTo }: StreamView, to: number): boolean {
  return doneTo !== null && doneTo >= to;
}

function tasksOf({ hosts, streams }: Instance): readonly Task[] {
  return [...[...hosts.values()].map(({ task }) => task), ...streams.values()];
}

function sameTasks(before: readonly Task[], now: readonly Task[]): boolean {
  return before.length === now.length && before.every((task, index) => task !== null && task === now[index]);
}
