import type { Topology } from "../../dsl/topology.ts";
import type { Correction } from "../../record/correction.ts";
import type { Corrected } from "../globals/change_reader.ts";
import type { GlobalReader } from "../globals/global_reader.ts";
import type { RunOptions } from "../options.ts";
import type { Intake } from "./intake.ts";
import type { LoadOrder } from "./load_order.ts";
import type { Ports } from "../ports.ts";
import type { Problems } from "../problems.ts";
import type { MessageProducer } from "../delivery/message_producer.ts";
import type { RunEvent, StartReport } from "../run_event.ts";
import { newSinkCounts, type SinkCounts } from "../outputs/sink_counts.ts";
import type { SinkWriter } from "../delivery/sink_writer.ts";
import type { StageView } from "./stage_view.ts";
import type { TaskContext } from "../task/task_context.ts";
import type { SnapshotKeeper } from "./snapshot_keeper.ts";
import type { Standby } from "./standby.ts";
import type { TaskHost } from "./task_host.ts";
import type { Topics } from "./topics.ts";

/** The task of a stream's partition, as others see it. */
export interface StreamView {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly state: "starting" | "running" | "waiting";
  /** The next offset to read. */
  readonly position: number;
  /** Where the partition ends, as known. */
  readonly end: number;
  /** Everything before it is brought out, and ClickHouse has acknowledged it; null while that is not known. */
  readonly doneTo: number | null;
  /**
   * What has not had all records of the partition from the first one on, as it was declared later or was away for a
   * while: stages, tables and topics, named as problems name them. Empty while that is not known.
   */
  readonly short: readonly string[];
  /** Of a stage, what it knows of events up to the position; null before that is read back, and of streams. */
  readonly stage: StageView | null;
  /** Whether it does not know yet that nothing of an earlier time comes. */
  readonly waits: boolean;
  /** Events that are taken, and wait for a source that is behind. */
  readonly held: number;
  /** When something is due by the wall clock, microseconds since the epoch; null: nothing is. */
  readonly wallDueUs: number | null;
  /** Rows that ClickHouse has not acknowledged, by sink. */
  pendingRows(): ReadonlyMap<string, number>;
}

/** What looks at topics that tasks write rows to. */
export interface Follower {
  /** These begin to read back what their sinks show: what is written from now on is looked at for them. */
  expect(hosts: readonly TaskHost[]): Promise<void>;
  stop(): Promise<void>;
}

/** What corrects records of the sources that cannot be read. */
export interface SourceCorrections {
  /** Resolves when all are known that there are. To be called in the turn in which it was made. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** These have begun with what they had read before, and are read on next. */
  begun(hosts: readonly TaskHost[]): void;
  /**
   * Makes corrections durable. Resolves to what became of them where tasks of this instance had read the records, by
   * {@link placeName}; empty where none had.
   * @throws ProductionError when the log refuses them. @throws LimitError when there are too many
   */
  record(corrections: readonly Correction[]): Promise<ReadonlyMap<string, readonly Corrected[]>>;
}

/** Names the place of a record that is corrected. */
export function placeName({ topic, partition, offset }: Pick<Correction, "topic" | "partition" | "offset">): string {
  return `${topic}/${partition}/${offset}`;
}

/** One topology on one process, prepared: what its parts share. */
export interface Instance {
  readonly topology: Topology;
  readonly ports: Ports;
  readonly options: RunOptions;
  readonly topics: Topics;
  readonly context: TaskContext;
  /** Reads for all tasks, and holds what they have not taken. */
  readonly intake: Intake;
  readonly globals: GlobalReader;
  readonly loads: LoadOrder;
  readonly writers: ReadonlyMap<string, SinkWriter>;
  readonly producer: MessageProducer;
  /** Looks at what others write to topics that tasks write rows to. */
  readonly follower: Follower;
  readonly problems: Problems;
  /** What corrects records of the sources that cannot be read. */
  readonly corrections: SourceCorrections;
  /** Snapshots of the tasks. */
  readonly snapshots: SnapshotKeeper;
  /** Assigned tasks by id. */
  readonly hosts: Map<string, TaskHost>;
  /** Those of other instances' tasks, by task id. */
  readonly standbys: Map<string, Standby>;
  /** Assigned tasks of streams, by id. */
  readonly streams: ReadonlyMap<string, StreamView>;
  /** Tasks with something to do. */
  readonly busy: Set<TaskHost>;
  /** Makes the loop look at {@link Instance.busy} now. */
  readonly wake: () => void;
  readonly onEvent: (event: RunEvent) => void;
  /** The topology cannot go on by itself. */
  readonly fail: (error: Error) => void;
}

/** Reads nothing more for it. */
export async function closeReaders({ globals, follower, corrections, intake }: Instance): Promise<void> {
  await Promise.all([globals.stop(), follower.stop(), corrections.stop(), intake.close()]);
}

/** Rows held in memory: own rows of all tasks, right rows held for them, global tables, and those of standbys. */
export function storedRows(instance: Instance): number {
  let rows = instance.context.globals.size;
  for (const standby of instance.standbys.values()) rows += standby.rows?.entries.size ?? 0;
  for (const host of instance.hosts.values()) rows += host.task?.storedRows ?? 0;
  return rows;
}

/**
 * Keys whose last change could not be read, by source table. Every table is there, with 0 if all of it is up to date or
 * another instance reads it.
 */
export function staleKeys({ topics, hosts, globals }: Instance): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { members } of topics.plan.tables) {
    for (const member of members) if (member.kind !== "merge") counts.set(member.name, 0);
  }
  const read = [...hosts.values()].flatMap((host) => host.task?.source.stale ?? []);
  for (const { table, size } of [...read, ...globals.stale]) {
    counts.set(table, (counts.get(table) ?? 0) + size);
  }
  return counts;
}

/** Whether so much waits for sinks or inboxes that nothing more is taken. */
export function isOverloaded({ options, producer, writers }: Instance): boolean {
  if (producer.queuedBytes > options.producerBytesMax) return true;
  for (const { pendingRows, pendingBytes } of writers.values()) {
    if (pendingRows > options.sinkRowsMax || pendingBytes > options.sinkBytesMax) return true;
  }
  return false;
}

/** What the start did, by sink, over this instance's tasks. `writers`: by sink. */
export function startReport(
  hosts: Iterable<TaskHost>,
  writers: ReadonlyMap<string, Pick<SinkWriter, "table" | "added">>,
): StartReport[] {
  const totals = new Map<string, SinkCounts>();
  const add = (sink: string, counts: SinkCounts) => {
    const total = totals.get(sink) ?? newSinkCounts();
    for (const name of Object.keys(total) as (keyof SinkCounts)[]) total[name] += counts[name];
    totals.set(sink, total);
  };
  for (const { task } of hosts) {
    if (task === null) continue;
    for (const { sink, counts } of task.startCounts) add(sink, counts);
  }
  return [...totals].map(([sink, { base, rewritten, written, deleted, held }]) => ({
    sink,
    // Without the rows that the start itself wrote and, its sources changing meanwhile, took away again.
    kept: Math.max(0, base - rewritten - deleted - held),
    written,
    deleted: Math.min(deleted, Math.max(0, base - rewritten)),
    ...(held > 0 ? { held } : {}),
    ...detailsOf(writers.get(sink), Math.min(rewritten, base)),
  }));
}

/** What is not the same for every start. */
function detailsOf(
  writer: Pick<SinkWriter, "table" | "added"> | undefined,
  rewritten: number,
): Pick<StartReport, "rewritten" | "added" | "shares"> {
  return {
    ...(rewritten > 0 ? { rewritten } : {}),
    ...(writer !== undefined && writer.added.length > 0 ? { added: writer.added } : {}),
    ...(writer?.table.shares ? { shares: true } : {}),
  };
}
