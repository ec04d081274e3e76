import type { KeyColumn } from "../record/key_column.ts";

/** A compacted topic that holds rows: the newest record of each key, none where that is a tombstone. */
export interface TopicTable {
  readonly topic: string;
  /** What keys are made of, in the order of the row key; none: keys are the row key's canonical text. */
  readonly key: readonly KeyColumn[];
  /** Whether keys are the text of the only column, and not JSON. */
  readonly text: boolean;
  /** Columns of a value, in this order; null: those of the row. */
  readonly columns: readonly string[] | null;
  /** Of the topic if it must be made. */
  readonly partitions: number;
  /** The topology itself reads it, as the table's changes: values are rows with their keys. Absent: others do. */
  readonly changes?: true;
}
