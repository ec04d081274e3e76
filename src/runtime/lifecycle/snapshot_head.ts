import type { RowSum, Watermark } from "../../ports/warehouse.ts";
import type { PartitionOffsets } from "../../ports/log.ts";
import { type CoveredSource, whyNotCovered } from "./covered_sources.ts";
import type { TaskHost } from "./task_host.ts";
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
  /** The source topics, by member. */
  readonly sources: readonly Omit<CoveredSource, "freshMs">[];
}

/** The head of a snapshot that is taken of a task now, but for what is shown: {@link headText} adds it. */
export function headOf(
  host: TaskHost,
  { topology, topics, plan, rows, nowMs }: {
    readonly topology: string;
    readonly topics: Topics;
    readonly plan: string;
    readonly rows: string | null;
    readonly nowMs: number;
  },
): Omit<SnapshotHead, "shown"> {
  return {
    topology,
    task: host.id,
    epoch: host.task!.epoch,
    seq: host.task!.channel.seq,
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

/** A head as a snapshot begins with it. `sums`: of what was shown when it was taken. */
export function headText(head: Omit<SnapshotHead, "shown">, sums: readonly (RowSum | null)[]): string {
  const shown = sums.map((sum) => sum === null ? null : { ...sum, digests: String(sum.digests) });
  return JSON.stringify({ ...head, shown } satisfies SnapshotHead);
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
  if (head.sources.some(({ topic }, member) => topic !== host.topics[member])) return "it is of other topics";
  const covered = head.sources.map((source) => ({ ...source, freshMs: head.freshMs }));
  return whyNotCovered(covered, { partition: host.partition, sources: topics.sources, offsets, nowMs });
}
