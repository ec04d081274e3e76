import type { Row } from "../record/row.ts";
import type { Fields } from "./envelope.ts";
import { type MessageBytes, textOf } from "./message_text.ts";
import type { ReadyColumn } from "./row_reader.ts";

/** Rows looked at one by one; of later ones every {@link SAMPLE_EVERY}th, because a connector may be changed. */
const SAMPLE_ALL = 256;
const SAMPLE_EVERY = 64;
/** Milliseconds of a day, which are 86.4 seconds if they are taken for microseconds. */
const DAY_MS = 86_400_000;
/** Milliseconds since the epoch of the year 2255: the greatest that a timestamp holds. */
const TIMESTAMP_MS_MAX = 9_007_199_254_741;
/** How far a timestamp may lie from the record's own, as a share of the time since the epoch: some three years. */
const NEARNESS = 0.05;
/** Times of a day that must all lie within its first 86.4 seconds, and how many different ones at least. */
const TIMES_MIN = 100;
const DIFFERENT_TIMES_MIN = 20;

/** A column that is probably read in the wrong unit: why, and which declaration would be right. */
export interface UnitDoubt {
  readonly column: string;
  readonly message: string;
}

/** A value as it was read, and the record's value. */
interface Look {
  readonly value: number;
  readonly message: MessageBytes;
}

interface Watched {
  readonly name: string;
  readonly kind: "time" | "timestamp";
  told: boolean;
  /** Values looked at, and those that are likelier to be milliseconds. */
  looks: number;
  hits: number;
  readonly different: Set<number>;
}

/**
 * Watches columns whose integers are read as microseconds, for integers that are milliseconds. A year 1970 alone proves
 * nothing; a timestamp that is as old as its record (`source.ts_ms`) when taken for milliseconds does, and so do times
 * of which all lie within 86.4 seconds after midnight. Null if there are no such columns.
 *
 * @returns looks at a row that was read without Connect schema, and at the message it was read from
 */
export function unitDoubts(
  columns: readonly ReadyColumn[],
  onDoubt: (doubt: UnitDoubt) => void,
): ((row: Row, message: MessageBytes) => void) | null {
  const watched = columns.flatMap(({ name, time }): Watched[] =>
    time === null || time.unit !== "microseconds" || time.kind === "date"
      ? []
      : [{ name, kind: time.kind, told: false, looks: 0, hits: 0, different: new Set() }]
  );
  if (watched.length === 0) return null;
  let rows = 0;
  return (row, message) => {
    if (++rows > SAMPLE_ALL && rows % SAMPLE_EVERY !== 0) return;
    for (const column of watched) {
      const value = firstOf(row[column.name]);
      if (column.told || typeof value !== "number" || value === 0) continue;
      column.looks++;
      const doubt = (column.kind === "timestamp" ? timestampDoubt : timeDoubt)(column, { value, message });
      if (doubt === null) continue;
      column.told = true;
      onDoubt({ column: column.name, message: doubt });
    }
  };
}

function timestampDoubt(column: Watched, { value, message }: Look): string | null {
  if (value < 0 || value > TIMESTAMP_MS_MAX) return null;
  const { after, changedMs } = recordOf(message);
  if (firstOf(after?.[column.name]) !== value || changedMs === null) return null;
  if (Math.abs(value - changedMs) > changedMs * NEARNESS) return null;
  // One row may truly be of 1970.
  if (2 * ++column.hits <= column.looks) return null;
  return `${value} is read as ${dateOf(value / 1000)}, and the row was changed on ${dateOf(changedMs)}: these look ` +
    `like milliseconds. Declare the column as timestamp(3), or set time.precision.mode=microseconds in the connector`;
}

function timeDoubt(column: Watched, { value, message }: Look): string | null {
  if (value > DAY_MS) return null;
  column.hits++;
  if (column.different.size < DIFFERENT_TIMES_MIN) column.different.add(value);
  if (column.hits < TIMES_MIN || column.hits < column.looks || column.different.size < DIFFERENT_TIMES_MIN) return null;
  if (firstOf(recordOf(message).after?.[column.name]) !== value) return null;
  return `all of the first ${column.looks} times lie within 86.4 seconds after midnight: these look like ` +
    `milliseconds. Declare the column as time(3), or set time.precision.mode=microseconds in the connector`;
}

/**
 * The row as it stands in the record, and when it was changed, in milliseconds since the epoch. Nothing of a message
 * whose row could be read and whose rest is no JSON.
 */
function recordOf(message: MessageBytes): { after: Fields | null; changedMs: number | null } {
  let whole: Fields;
  try {
    whole = JSON.parse(textOf(message, "a record", Infinity)) as Fields;
  } catch (error) {
    if (error instanceof SyntaxError) return { after: null, changedMs: null };
    throw error;
  }
  const value = (typeof whole.payload === "object" && whole.payload !== null ? whole.payload : whole) as Fields;
  const source = value.source as Fields | null | undefined;
  const after = typeof value.after === "object" ? value.after as Fields | null : value;
  const ms = source?.ts_ms ?? value.__source_ts_ms ?? value.__ts_ms;
  return { after, changedMs: typeof ms === "number" && ms > 0 ? ms : null };
}

/** The first element of an array column, any other value as it is. */
function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
