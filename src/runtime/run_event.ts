/** What a start did to one sink: rows found right, written and deleted. */
export interface StartReport {
  readonly sink: string;
  readonly kept: number;
  readonly written: number;
  readonly deleted: number;
  /** Of those written: rows that ClickHouse showed with another content. Absent when there are none. */
  readonly rewritten?: number;
  /** Columns that this start added to the table, for which its rows are rewritten. Absent when there are none. */
  readonly added?: readonly string[];
  /** Counted are shares of groups, one for each task with rows of the group: the view adds them up. Else absent. */
  readonly shares?: true;
}

/** What happened to a running topology, for logs and screens. */
export type RunEvent =
  /** The group gave these tasks to this instance; all it has now. */
  | { readonly kind: "assigned"; readonly tasks: readonly string[] }
  /** Every assigned task runs for the first time. */
  | { readonly kind: "started"; readonly sinks: readonly StartReport[] }
  | { readonly kind: "restart"; readonly task: string; readonly reason: string }
  /** ClickHouse showed so many rows of the task otherwise than they are. */
  | { readonly kind: "repaired"; readonly task: string; readonly rows: number }
  /** A column's integers do not look like the unit that it declares: `message` says why, and what to declare. */
  | { readonly kind: "doubt"; readonly table: string; readonly column: string; readonly message: string }
  /** Something does not work for now; `problem` null: it works again. */
  | { readonly kind: "problem"; readonly name: string; readonly problem: string | null };
