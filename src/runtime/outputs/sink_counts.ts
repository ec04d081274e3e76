/** Counts of one sink's rows since the task's start. */
export interface SinkCounts {
  /** Rows that ClickHouse showed of this task when it started. */
  base: number;
  /** Of those, rows written again because they differ. */
  rewritten: number;
  /** All rows written, rewritten ones included. */
  written: number;
  deleted: number;
  /** Rows shown since before the start that are left although they are not computed, because something failed. */
  held: number;
}

/** Counts before anything happened. */
export function newSinkCounts(): SinkCounts {
  return { base: 0, rewritten: 0, written: 0, deleted: 0, held: 0 };
}
