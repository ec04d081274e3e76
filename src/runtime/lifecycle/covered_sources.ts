import type { PartitionOffsets, TopicDescription } from "../../ports/log.ts";

/** What was read of one source topic: every record from `start` to below `position`. */
export interface CoveredSource {
  readonly topic: string;
  /** Null: the log does not tell. */
  readonly id: string | null;
  readonly start: number;
  readonly position: number;
  /** Under which leader what lies before the position was read; null where the log does not tell. */
  readonly leaderEpoch: number | null;
  /**
   * Everything that was written by then had been read, milliseconds since the epoch: a tombstone behind the position is
   * not older.
   */
  readonly freshMs: number;
}

/**
 * Why what was read is not the beginning of what one partition of the topics holds now; null if it is. It must be of
 * the same topics, not of ones recreated since, and so young that no tombstone behind it can be gone.
 */
export function whyNotCovered(
  covered: readonly CoveredSource[],
  { partition, sources, offsets, nowMs }: {
    readonly partition: number;
    readonly sources: ReadonlyMap<string, Pick<TopicDescription, "id" | "compacted" | "deleteRetentionMs">>;
    readonly offsets: ReadonlyMap<string, PartitionOffsets>;
    readonly nowMs: number;
  },
): string | null {
  for (const { topic, id, start, position, freshMs } of covered) {
    const source = sources.get(topic);
    if (source === undefined) return `topic "${topic}" is not there`;
    if (id === null || source.id === null) return `the log does not tell whether topic "${topic}" is still the same`;
    if (id !== source.id) return `topic "${topic}" was recreated since`;
    const { start: starts, end: ends } = offsets.get(topic)!;
    // From scratch, what lay there would be in no table.
    if (start !== starts[partition]) return `topic "${topic}" begins elsewhere now`;
    if (position > ends[partition]) return `topic "${topic}" ends before it`;
    if (isTooOld(source, nowMs - freshMs)) return `it is older than half of delete.retention.ms of "${topic}"`;
  }
  return null;
}

/**
 * Whether a tombstone may be gone that was written so long ago. A clock that was set back makes it too old, too:
 * nothing is known of the time between.
 */
export function isTooOld(
  { compacted, deleteRetentionMs }: Pick<TopicDescription, "compacted" | "deleteRetentionMs">,
  ageMs: number,
): boolean {
  return compacted && (ageMs > deleteRetentionMs / 2 || ageMs < 0);
}
