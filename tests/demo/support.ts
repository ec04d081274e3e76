import type { Clock } from "../../src/ports/clock.ts";
import type { Log } from "../../src/ports/log.ts";
import { type PerTable, type StoreSizes, type TableName, TABLES, topicOf } from "../../src/demo/mod.ts";
import { partitionOf } from "../../src/record/partitioner.ts";

/** Small enough for a test, large enough that every kind of transaction finds something to do. */
export const SMALL: StoreSizes = { users: 40, sellers: 8, products: 60, orders: 120, itemsPerOrder: 2.5 };

/** Takes a moment to make and to send, so that a crash can fall into either. */
export const MEDIUM: StoreSizes = { users: 200, sellers: 20, products: 300, orders: 3_000, itemsPerOrder: 2.5 };

export const START_MS = 1_767_225_600_000;

/** A clock that moves only when somebody sleeps, and then at once. */
export function manualClock(): Clock {
  let nowMs = START_MS;
  return {
    nowMs: () => nowMs,
    elapsedMs: () => nowMs - START_MS,
    sleep(ms) {
      nowMs += ms;
      return Promise.resolve();
    },
    breathe: () => Promise.resolve(),
  };
}

/** One record of a topic. */
export interface Read {
  readonly table: TableName;
  readonly partition: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestampMs: number;
}

/** All records of the five topics: table by table, partition by partition, in the order of offsets. */
export async function readAll(log: Log): Promise<Read[]> {
  const all: Read[] = [];
  const decoder = new TextDecoder();
  const text = (bytes: string | Uint8Array) => typeof bytes === "string" ? bytes : decoder.decode(bytes);
  const reader = log.reader();
  for (const table of TABLES) {
    const { start, end } = await log.offsets(topicOf(table));
    for (let partition = 0; partition < end.length; partition++) {
      reader.seek(topicOf(table), partition, start[partition]);
      for (let next = start[partition]; next < end[partition];) {
        for (const part of await reader.poll(100)) {
          next = part.nextOffset;
          for (const { key, value, timestampMs } of part.records) {
            all.push({ table, partition, key: text(key!), value: value === null ? null : text(value), timestampMs });
          }
        }
      }
      reader.stop(topicOf(table), partition);
    }
  }
  await reader.close();
  return all;
}

export type Folded = Record<TableName, Map<string, string>>;

export function emptyFold(): Folded {
  return { users: new Map(), products: new Map(), sellers: new Map(), orders: new Map(), order_items: new Map() };
}

/** What the topics say in the end: JSON text of the row by key. Records must stand in the partition of their key. */
export function fold(records: readonly Read[], partitions = 6): Folded {
  const folded = emptyFold();
  for (const { table, partition, key, value } of records) {
    if (partitionOf(key, partitions) !== partition) throw new Error(`${key} of ${table} in partition ${partition}`);
    apply(folded, { table, key, value });
  }
  return folded;
}

/** Applies one record; a tombstone says nothing that the delete before it has not said. */
export function apply(folded: Folded, record: { table: TableName; key: string; value: string | null }): void {
  const rows = folded[record.table];
  const after = record.value === null ? null : JSON.parse(record.value).after;
  if (after === null) rows.delete(record.key);
  else rows.set(record.key, JSON.stringify(after));
}

/** The truth in the same form. */
export function truthOf(store: { rows(table: TableName): Iterable<{ id: number }> }): Folded {
  const truth = emptyFold();
  for (const table of TABLES) {
    for (const row of store.rows(table)) truth[table].set(`{"id":${row.id}}`, JSON.stringify(row));
  }
  return truth;
}

/** Compares key by key, so that a failure names the row and not two maps of thousands. */
export function assertSameRows(actual: Folded, expected: Folded): void {
  for (const table of TABLES) {
    for (const [key, row] of expected[table]) {
      const found = actual[table].get(key);
      if (found !== row) throw new Error(`${table} ${key}: the topics say ${found}, the store ${row}`);
    }
    for (const key of actual[table].keys()) {
      if (!expected[table].has(key)) throw new Error(`${table} ${key}: only in the topics`);
    }
  }
}

/** Row counts of a fold. */
export function countsOf(folded: Folded): PerTable {
  const counts = Object.fromEntries(TABLES.map((table) => [table, folded[table].size]));
  return counts as PerTable;
}

/** A `source` block and what belongs to it, as far as tests look at it. */
export interface Envelope {
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly source: {
    readonly ts_us: number;
    readonly snapshot: string | null;
    readonly sequence: string;
    readonly table: TableName;
    readonly txId: number;
    readonly lsn: number;
  };
  readonly op: "c" | "u" | "d" | "r";
  readonly ts_us: number;
}

/** A directory that is removed after the test. */
export async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "weir_demo_" });
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
