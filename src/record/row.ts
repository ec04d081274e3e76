/** A row as the runtime sees it: its columns' values, types erased. */
export interface Row {
  readonly [column: string]: unknown;
}

/** Not answered yet, as opposed to absent: while a partner is unknown, what is shown stays shown. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** What a register holds: a row, null (absent), or UNKNOWN. */
export type Value = Row | null | typeof UNKNOWN;
