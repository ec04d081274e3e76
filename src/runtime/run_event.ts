import type { DeadLetter } from "../ports/dead_letters.ts";

/** What a start did to one sink: rows found right, written and deleted. */
export interface StartReport {
  readonly sink: string;
  readonly kept: number;
  readonly written: number;
  readonly deleted: number;
  /** Rows left as they are, because what they are computed from failed. Absent when there are none. */
  readonly held?: number;
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
  | {
    readonly kind: "assigned";
    readonly tasks: readonly string[];
    /** All tasks of which it is a standby now. Absent when there are none. */
    readonly standbys?: readonly string[];
  }
  /** Every assigned task runs for the first time. */
  | { readonly kind: "started"; readonly sinks: readonly StartReport[] }
  /** The tables of a topology that is gone are this one's now; `inboxes`: its topics, which nothing needs any more. */
  | { readonly kind: "taken over"; readonly from: string; readonly inboxes: readonly string[] }
  | { readonly kind: "restart"; readonly task: string; readonly reason: string }
  /**
   * So many tasks begin with what their snapshots hold, and read the rest. `anew`: those that take the rows alone and
   * evaluate all of them, as the topology has changed.
   */
  | {
    readonly kind: "restored";
    readonly tasks: number;
    readonly anew: number;
    readonly rows: number;
    readonly records: number;
  }
  /** A global table that another topology of the process has, too, is read and held once more for this one. */
  | { readonly kind: "own table"; readonly table: string; readonly reason: string }
  /** So many tasks begin with rows that this instance kept as their standby, and read the rest. */
  | {
    readonly kind: "standbys took over";
    readonly tasks: number;
    readonly rows: number;
    readonly records: number;
  }
  /** The task starts without what this instance kept of it. */
  | { readonly kind: "standby ignored"; readonly task: string; readonly reason: string }
  /** What was kept of the task is thrown away, and its topics are read again. */
  | { readonly kind: "standby begun anew"; readonly task: string; readonly reason: string }
  /** The task would start without a standby here. */
  | { readonly kind: "standby given up"; readonly task: string; readonly reason: string }
  /** Standbys are wanted, and no other instance has been there for a while. */
  | { readonly kind: "no standbys" }
  /** Tasks start without their snapshots, all for the same reason, and read everything. */
  | { readonly kind: "snapshot ignored"; readonly tasks: readonly string[]; readonly reason: string }
  /** The snapshot before it stays. */
  | { readonly kind: "snapshot failed"; readonly task: string; readonly reason: string }
  /** A stream's task goes on at this offset; so many records were there behind it. */
  | { readonly kind: "stream begun"; readonly task: string; readonly position: number; readonly records: number }
  /** So many records of a stream were gone before they were processed (0: their number is not known), and why. */
  /** What former owners left in the changelog of a stage is gone: so many records; so many were written anew. */
  | {
    readonly kind: "changelog cleaned";
    readonly task: string;
    readonly deleted: number;
    readonly copied: number;
    readonly seconds: number;
  }
  | { readonly kind: "records lost"; readonly task: string; readonly records: number; readonly reason: string }
  /** ClickHouse showed so many rows of the task otherwise than they are. */
  | { readonly kind: "repaired"; readonly task: string; readonly rows: number }
  /** A table that was gone is made again, and so many rows or shares of totals written; null: its view alone was. */
  | { readonly kind: "remade"; readonly sink: string; readonly shares: boolean; readonly rows: number | null }
  /** A column's integers do not look like the unit that it declares: `message` says why, and what to declare. */
  | { readonly kind: "doubt"; readonly table: string; readonly column: string; readonly message: string }
  /**
   * So many dead letters of one stage and reason came, of which `example` is one. `more`: since an earlier event of
   * them, a minute ago or longer.
   */
  | {
    readonly kind: "letters";
    readonly letters: number;
    readonly example: DeadLetter;
    readonly more: boolean;
  }
  /** Something does not work for now; `problem` null: it works again. */
  | { readonly kind: "problem"; readonly name: string; readonly problem: string | null };
