import { AskedRights } from "../../state/right_store.ts";
import type { Instance, StreamView } from "./instance.ts";
import type { HostState, TaskHost } from "./task_host.ts";
import { readTopics } from "./topics.ts";

/** What a topology has not done yet on one instance, as plain data. */
export interface Unfinished {
  /** Nothing is left: whatever was read shows in ClickHouse, and everything was read. */
  readonly done: boolean;
  /** The group has told which tasks this instance has, and all of them run. */
  readonly ready: boolean;
  /** The tasks with something to do. */
  readonly tasks: readonly UnfinishedTask[];
  /** Records of global tables that are not read. */
  readonly globalRecords: number;
  /** Messages to other tasks that are not appended, in bytes. */
  readonly queuedBytes: number;
  /** The sinks with rows that are not acknowledged. */
  readonly sinks: readonly { readonly name: string; readonly rows: number }[];
}

/** What one task has not done yet. */
export interface UnfinishedTask {
  readonly id: string;
  readonly state: HostState;
  /** Topics that are not read to their end: of its sources, and its inbox. */
  readonly unread: readonly UnreadTopic[];
  /** Rows whose first evaluation waits for partners. */
  readonly pendingRows: number;
  /** What was taken is not evaluated to the end. */
  readonly busy: boolean;
  /**
   * Right rows that were asked for and are not known, by join. Counted only when nothing else is left, since all are
   * looked at.
   */
  readonly unanswered: readonly { readonly join: string; readonly rows: number }[];
}

export interface UnreadTopic {
  readonly topic: string;
  readonly kind: "source" | "inbox";
  /** The next offset to read. */
  readonly position: number;
  readonly end: number;
}

/** Where the topics end, and whether all tasks run. */
interface Ends {
  readonly ready: boolean;
  source(host: TaskHost, member: number): number;
  inbox(host: TaskHost): number;
  stream(view: StreamView): number;
  readonly globals: ReadonlyMap<string, readonly number[]>;
}

/** What is left of a topology that is not prepared yet: nobody knows. */
export const NOTHING_KNOWN: Unfinished = {
  done: false,
  ready: false,
  tasks: [],
  globalRecords: 0,
  queuedBytes: 0,
  sinks: [],
};

/**
 * What is left of everything that is in the log now. Until all tasks run the log is not asked. `ready`: whether they
 * run.
 */
export async function findUnfinished(instance: Instance, ready: () => boolean): Promise<Unfinished> {
  if (!ready()) return knownUnfinished(instance, ready);
  const look = () => lookedAt(instance, ready);
  return instance.topics.plan.stages.length > 0 ? await agreed(look) : (await look()).unfinished;
}

/** What is not done, and where the topics ended when they were asked, one after the other, just before. */
export interface Look {
  readonly unfinished: Unfinished;
  readonly ends: ReadonlyMap<string, readonly number[]>;
}

/**
 * Nothing is left if two looks in a row find nothing and nothing was written between their questions: what is on its
 * way from topic to topic may have arrived where the end was asked for before, once for each of its hops.
 */
export async function agreed(look: () => Promise<Look>): Promise<Unfinished> {
  for (let last = await look();;) {
    if (!last.unfinished.done) return last.unfinished;
    const next = await look();
    if (JSON.stringify([...last.ends]) === JSON.stringify([...next.ends])) return next.unfinished;
    last = next;
  }
}

async function lookedAt(instance: Instance, ready: () => boolean): Promise<Look> {
  const ends = new Map<string, readonly number[]>();
  for (const topic of [...readTopics(instance.topics), ...instance.topics.streams.keys()]) {
    ends.set(topic, (await instance.ports.log.offsets(topic)).end);
  }
  const globals = await instance.globals.ends();
  const unfinished = unfinishedTo(instance, {
    ready: ready(),
    source: (host, member) => ends.get(host.topics[member])![host.partition],
    inbox: (host) => ends.get(host.inboxTopic)![host.partition],
    stream: (view) => ends.get(view.topic)![view.partition],
    globals,
  });
  return { unfinished, ends };
}

/** What is left of everything known to be there: what was just appended may not be known yet. */
export function knownUnfinished(instance: Instance, ready: () => boolean): Unfinished {
  return unfinishedTo(instance, {
    ready: ready(),
    source: (host, member) => host.ends[member] ?? 0,
    inbox: (host) => host.inboxEnd,
    stream: (view) => view.end,
    globals: instance.globals.knownEnds,
  });
}

function unfinishedTo(instance: Instance, ends: Ends): Unfinished {
  const { busy, globals, producer, writers, streams } = instance;
  const hosts = [...instance.hosts.values()];
  const nowUs = instance.ports.clock.nowMs() * 1_000;
  const left = (unanswered: (host: TaskHost) => UnfinishedTask["unanswered"]): Omit<Unfinished, "done"> => ({
    ready: ends.ready,
    tasks: [
      ...hosts.map((host): UnfinishedTask => ({
        id: host.id,
        state: host.state,
        unread: unreadOf(host, ends),
        pendingRows: host.task?.pending ?? 0,
        busy: busy.has(host) || isDue(host, nowUs),
        unanswered: unanswered(host),
      })),
      ...streams.values().map((view) => streamTask(view, { ends, nowUs })),
    ].filter(hasWork),
    globalRecords: globals.behind(ends.globals),
    queuedBytes: producer.queuedBytes,
    sinks: [
      ...[...writers].map(([name, { pendingRows }]) => ({ name, rows: pendingRows })),
      ...streams.values().flatMap((view) => [...view.pendingRows()].map(([name, rows]) => ({ name, rows }))),
    ].filter(({ rows }) => rows > 0),
  });
  const cheap = left(() => []);
  if (!isDone(cheap)) return { done: false, ...cheap };
  const whole = left(unansweredOf);
  return { done: isDone(whole), ...whole };
}

function streamTask(
  view: StreamView,
  { ends, nowUs }: { readonly ends: Ends; readonly nowUs: number },
): UnfinishedTask {
  const { id, state, topic, position } = view;
  const busy = view.waits || (view.wallDueUs ?? Infinity) <= nowUs;
  const end = ends.stream(view);
  const unread = position < end ? [{ topic, kind: "source", position, end } as const] : [];
  return { id, state, unread, pendingRows: 0, busy, unanswered: [] };
}

/** Rows of it have expired, whether or not its loop knows. */
function isDue({ task }: TaskHost, nowUs: number): boolean {
  return (task?.expiry?.nextUs ?? Infinity) <= nowUs;
}

function hasWork({ state, unread, pendingRows, busy, unanswered }: UnfinishedTask): boolean {
  return state !== "running" || unread.length > 0 || pendingRows > 0 || busy || unanswered.length > 0;
}

function isDone({ ready, tasks, globalRecords, queuedBytes, sinks }: Omit<Unfinished, "done">): boolean {
  return ready && tasks.length === 0 && globalRecords === 0 && queuedBytes === 0 && sinks.length === 0;
}

function unreadOf(host: TaskHost, ends: Ends): UnreadTopic[] {
  const topics = host.topics.map((topic, member): UnreadTopic => ({
    topic,
    kind: "source",
    position: host.positions[member] ?? 0,
    end: ends.source(host, member),
  }));
  topics.push({ topic: host.inboxTopic, kind: "inbox", position: host.inboxPosition, end: ends.inbox(host) });
  return topics.filter(({ position, end }) => position < end);
}

function unansweredOf({ task, table }: TaskHost): UnfinishedTask["unanswered"] {
  return (task?.stores ?? []).map((store, index) => {
    return { join: table.lookups[index].name, rows: store instanceof AskedRights ? store.unknown : 0 };
  }).filter(({ rows }) => rows > 0);
}
