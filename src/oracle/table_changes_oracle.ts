import type { Row } from "../record/row.ts";
import { encodeWire } from "../record/wire.ts";

/** Who has written a record of a table's rows, and what. */
export interface WrittenRecord {
  readonly partition: number;
  /** Of the record. */
  readonly key: string;
  readonly task: string;
  /** Of a later generation if greater by this many. */
  readonly epoch: number;
  readonly seq: number;
  /** Null for a tombstone. */
  readonly row: Row | null;
}

/** A change of a row, or null where it is gone. */
export interface ToldRow {
  readonly key: string;
  readonly row: Row | null;
}

/** Epochs of one generation. */
const GENERATION = 2 ** 40;

/**
 * The judge of `toStream`: the events that records of a table's rows are, from scratch. `records`: those of each
 * partition in their order. Events of one key are in their order, and of different keys in none. Each record is looked
 * at beside all before it.
 */
export function computeTableChanges(records: readonly WrittenRecord[]): ToldRow[] {
  const told: ToldRow[] = [];
  const inTime: WrittenRecord[] = [];
  const counted: WrittenRecord[] = [];
  for (const record of records) {
    const before = inTime.filter(({ partition }) => partition === record.partition);
    const generation = Math.floor(record.epoch / GENERATION);
    const isOld = before.some(({ epoch }) => Math.floor(epoch / GENERATION) > generation);
    const isPassed = record.seq > 0 && before.some((other) =>
      other.task === record.task && other.seq > 0 &&
      (other.epoch > record.epoch || (other.epoch === record.epoch && other.seq >= record.seq))
    );
    if (isOld || isPassed) continue;
    inTime.push(record);
    const last = counted.findLast(({ key }) => key === record.key);
    // It takes back what is another task's now, which that one has told already.
    const isTold = last !== undefined && last.row !== null && Math.floor(last.epoch / GENERATION) === generation;
    if (record.seq === 0 && isTold) continue;
    counted.push(record);
    if (textOf(last?.row ?? null) !== textOf(record.row)) told.push({ key: record.key, row: record.row });
  }
  return told;
}

/** Equal for equal rows, in whatever order their columns are. */
function textOf(row: Row | null): string {
  return row === null ? "null" : JSON.stringify(sorted(JSON.parse(encodeWire(row))));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, of]) => [name, sorted(of)]);
}
