import type { RowSum, Watermark } from "../../ports/warehouse.ts";
import type { Log, PartitionOffsets, TopicDescription } from "../../ports/log.ts";
import { shownSums } from "../task/shown_base.ts";
import type { Crossing, TaskHost } from "./task_host.ts";
import type { Topics } from "./topics.ts";

/** What a snapshot says of itself: of what it is, and what of the sources it covers. */
export interface SnapshotHead {
  readonly topology: string;
  readonly task: string;
  /** With `seq`, the version of the last row that the task had put. */
  readonly epoch: number;
  readonly seq: number;
  /** What each output showed, in sum, in the order of the table's outputs; null where that is not known. */
  readonly shown: readonly ({ readonly rows: number; readonly digests: string } | null)[];
  readonly generation: number;
  /** Names what is computed; see {@link planPrint}. */
  readonly plan: string;
  /** Names how rows are read, or null; see {@link rowsPrint}. */
  readonly rows: string | null;
  /**
   * The task had read everything that was written by then, milliseconds since the epoch: a tombstone behind the
   * positions is not older.
   */
  readonly freshMs: number;
  /**
   * The source topics, by member: every record from `start` to below `position` is in it, as it was under a leader,
   * null where the log does not tell.
   */
  readonly sources: readonly {
    readonly topic: string;
    readonly id: string | null;
    readonly start: number;
    readonly position: number;
    readonly leaderEpoch: number | null;
  }[];
}

/** The head of a snapshot that is taken of a task now. */
export function headOf(
  host: TaskHost,
  { topology, topics, plan, rows, nowMs }: {
    readonly topology: string;
    readonly topics: Topics;
    readonly plan: string;
    readonly rows: string | null;
    readonly nowMs: number;
  },
): SnapshotHead {
  return {
    topology,
    task: host.id,
    epoch: host.task!.epoch,
    seq: host.task!.channel.seq,
    shown: shownSums(host.task!).map((sum) => sum === null ? null : { ...sum, digests: String(sum.digests) }),
    generation: topics.generation,
    plan,
    rows,
    freshMs: host.freshMs(nowMs),
    sources: host.topics.map((topic, member) => ({
      topic,
      id: topics.sources.get(topic)!.id,
      start: host.starts[member],
      position: host.positions[member],
      leaderEpoch: host.leaderEpochs[member],
    })),
  };
}

/** What a snapshot says was shown when it was made. */
export interface Remembered extends Omit<Watermark, "task"> {
  /** By output of the table; null where that is not known. */
  readonly sums: readonly (RowSum | null)[];
}

export function rememberedOf({ epoch, seq, shown }: SnapshotHead): Remembered {
  const sums = shown.map((sum) => sum === null ? null : { rows: sum.rows, digests: BigInt(sum.digests) });
  return { epoch, seq, sums };
}

/**
 * Why a snapshot must not be used for a start; null if it may be. It must be of this very task and read its rows in the
 * same way (if something else is computed of them, they alone can be used), and what it covers must be the beginning of
 * what the source topics hold: of the same topics, not of ones recreated since, and so young that no tombstone behind
 * its position can be gone.
 */
export function whyUnfit(head: SnapshotHead, now: {
  readonly topology: string;
  readonly host: TaskHost;
  readonly topics: Topics;
  readonly plan: string;
  readonly rows: string | null;
  readonly nowMs: number;
  readonly offsets: ReadonlyMap<string, PartitionOffsets>;
}): string | null {
  const { topology, host, topics, plan, rows, nowMs, offsets } = now;
  if (head.topology !== topology || head.task !== host.id) return `it is of task "${head.task}" of ${head.topology}`;
  if (head.generation !== topics.generation) return `it is of generation ${head.generation}`;
  const sameRows = rows !== null && head.rows === rows;
  if (head.plan !== plan && !sameRows) return "the topology, or Weir, has changed since";
  if (head.sources.length !== host.topics.length) return "it is of other topics";
  for (const [member, { topic, id, start, position }] of head.sources.entries()) {
    if (topic !== host.topics[member]) return "it is of other topics";
    const source = topics.sources.get(topic)!;
    if (id === null || source.id === null) return `the log does not tell whether topic "${topic}" is still the same`;
    if (id !== source.id) return `topic "${topic}" was recreated since`;
    const { start: starts, end: ends } = offsets.get(topic)!;
    // From scratch, what lay there would be in no table.
    if (start !== starts[host.partition]) return `topic "${topic}" begins elsewhere now`;
    if (position > ends[host.partition]) return `topic "${topic}" ends before it`;
    if (isTooOld(source, nowMs - head.freshMs)) return `it is older than half of delete.retention.ms of "${topic}"`;
  }
  return null;
}

/** Why a snapshot that is fit otherwise must not be used; null if its records are still those of the log. */
export async function whyExchanged(
  { sources }: SnapshotHead,
  { log, partition }: { readonly log: Pick<Log, "epochEnds">; readonly partition: number },
): Promise<string | null> {
  const read = sources.flatMap(({ topic, start, position: offset, leaderEpoch }) =>
    leaderEpoch === null || offset <= start ? [] : [{ topic, partition, offset, leaderEpoch }]
  );
  const exchanged = await firstExchanged(read, log);
  return exchanged === null ? null : `records of "${exchanged.topic}" before its position are others now`;
}

/** The first of these places before which the log has other records than were read; null if there is none. */
export async function firstExchanged(
  crossings: readonly Crossing[],
  log: Pick<Log, "epochEnds">,
): Promise<Crossing | null> {
  for (const crossing of crossings) {
    const [end] = await log.epochEnds(crossing.topic, [crossing]);
    if (end < crossing.offset) return crossing;
  }
  return null;
}

/** A clock that was set back makes it too old, too: nothing is known of the time between. */
function isTooOld({ compacted, deleteRetentionMs }: TopicDescription, ageMs: number): boolean {
  return compacted && (ageMs > deleteRetentionMs / 2 || ageMs < 0);
}
