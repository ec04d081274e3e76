/** One column as it is to be declared. */
export interface PulledColumn {
  readonly name: string;
  /** The zod schema's text: `numeric(12, 2).nullable()`. */
  readonly expression: string;
  /** What the database says of it, and what to look at; each a line. */
  readonly comments: readonly string[];
}

/** A column that cannot be declared. */
export interface LeftOut {
  readonly name: string;
  /** Completes "left out: ...". */
  readonly why: string;
}

/** A table as it is to be declared, in Weir's own terms. */
export interface PulledTable {
  readonly topic: string;
  /** `public.users`, as people name it. */
  readonly title: string;
  /** Key columns in Debezium's order. */
  readonly key: readonly string[];
  readonly comments: readonly string[];
  readonly columns: readonly PulledColumn[];
  readonly leftOut: readonly LeftOut[];
  /** What of its records is written through a schema registry; absent: nothing. */
  readonly registry?: "all" | "values";
}

/** A table that cannot be declared at all. */
export interface RefusedTable {
  readonly title: string;
  readonly why: string;
}

/** All that was found where one looked. */
export interface Pulled {
  /** Where: without passwords. */
  readonly from: string;
  /** All that is there was looked at, and not what options name alone. */
  readonly whole: boolean;
  readonly tables: readonly PulledTable[];
  readonly refused: readonly RefusedTable[];
  /** What a person should know of how they were found. */
  readonly notes: readonly string[];
}
