import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";

/** Not every output of the entry is known yet in this epoch. */
export const PENDING = 1;
/** Waits in the queue of entries to evaluate. */
export const DIRTY = 2;
/** Its last evaluation failed: a callback threw, or a row or value that it gave cannot be written or told. */
export const FAILED = 4;
/** Seen in ClickHouse by the comparison under way. */
export const SEEN = 8;
/** A sink showed something of it when the task started. */
export const SHOWN_BEFORE = 16;
/** The start has written it over something that a sink showed. */
export const REPLACED = 32;

/**
 * Everything a task keeps of one key. `cells` is laid out by {@link layoutOf}: links to right rows, digests of what
 * sinks show, contributions to groups, digests of what was served. One flat array costs a third of the objects it
 * stands for.
 */
export interface Entry {
  readonly key: Key;
  /** The member's row, or, in a table of several members, an array with one row or null for each. */
  row: Row | readonly (Row | null)[] | null;
  flags: number;
  readonly cells: unknown[];
}

/** Where each kind of cell begins. */
export interface CellLayout {
  /** Lookup j: the right entry at 2j, the position in its list of users at 2j + 1. */
  readonly lookups: number;
  /** Sink i: digest of the row shown, null when none is. */
  readonly sinks: number;
  /** Group output i: the group at this cell, the contributed values in those after it. */
  readonly groups: readonly number[];
  /** Serve i: digest of the value last told to subscribers, null when none was. */
  readonly serves: number;
  readonly size: number;
}

/** The layout for a table with so many outputs of each kind. */
export function layoutOf(
  counts: {
    readonly lookups: number;
    readonly sinks: number;
    /** For each group output: how many values a row contributes. */
    readonly groups: readonly number[];
    readonly serves: number;
  },
): CellLayout {
  const sinks = counts.lookups * 2;
  const groups: number[] = [];
  let next = sinks + counts.sinks;
  for (const values of counts.groups) {
    groups.push(next);
    next += 1 + values;
  }
  return { lookups: 0, sinks, groups, serves: next, size: next + counts.serves };
}

/** An entry without rows. */
export function newEntry(key: Key, layout: CellLayout): Entry {
  return { key, row: null, flags: 0, cells: new Array(layout.size).fill(null) };
}

/** Which of a table's members. */
export interface MemberPlace {
  readonly member: number;
  /** How many members the table has. */
  readonly members: number;
}

/** The row of one member, or null. */
export function memberRow(entry: Entry, place: MemberPlace): Row | null {
  if (place.members === 1) return entry.row as Row | null;
  return entry.row === null ? null : (entry.row as readonly (Row | null)[])[place.member];
}

/** Puts a member's row; an entry whose members all have none has the row null. */
export function putMemberRow(entry: Entry, place: MemberPlace, row: Row | null): void {
  if (place.members === 1) {
    entry.row = row;
    return;
  }
  const rows = Array.from(
    { length: place.members },
    (_, member) => member === place.member ? row : memberRow(entry, { member, members: place.members }),
  );
  entry.row = rows.some((held) => held !== null) ? rows : null;
}
