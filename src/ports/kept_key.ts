/** The newest version of a key that a warehouse holds, and who wrote it. */
export interface KeptRow {
  readonly task: string;
  /**
   * Null for a tombstone. -1 when the stored columns no longer match the hash taken at the insert: changed by hand.
   */
  readonly digest: number | null;
  readonly epoch: number;
  readonly seq: number;
}

/** A row of an append table. */
export interface KeptAppend {
  /** Of the input that it was made of. */
  readonly offset: number;
  /** Of several rows of one input, from 0. */
  readonly index: number;
  /** The declared columns, as {@link Warehouse.query} gives rows. */
  readonly row: Readonly<Record<string, unknown>>;
  /** Whether it holds what the expected line of its place says; null: none is expected there. */
  readonly isExpected: boolean | null;
}

/** What a warehouse holds of one key, and shows. */
export interface KeptKey {
  /** One at most; of a table of shares one for each task, in the order of their names. */
  readonly rows: readonly KeptRow[];
  /** The row of the view, as {@link Warehouse.query} gives rows; null if it shows none. */
  readonly shown: Readonly<Record<string, unknown>> | null;
}
