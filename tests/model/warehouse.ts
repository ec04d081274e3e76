import { type Aggregate, aggregateOf, compareVersions, digestOf, type Row, type Version } from "./values.ts";

/** A row of a sink as ClickHouse keeps it. */
export interface StoredRow extends Version {
  readonly task: string;
  /** Of the row as it was inserted; null of a tombstone. */
  readonly digest: string | null;
  /** Differs from what `digest` names when it was altered by hand. */
  readonly row: Row | null;
}

export type Sink = "rows" | "shares";
export const SINKS: readonly Sink[] = ["rows", "shares"];

/** What ClickHouse tells of a digest whose row was altered: equal to none. */
const ALTERED = "altered";

/** What one question tells about a task's rows: those up to a version as an aggregate, those after it one by one. */
export interface Split {
  readonly older: Aggregate;
  /** Digest by key; null of a tombstone. */
  readonly newer: ReadonlyMap<string, string | null>;
}

/** ClickHouse: the greatest version of a key is shown. */
export class Warehouse {
  #tables = emptyTables();
  #backup = emptyTables();

  insert(sink: Sink, key: string, stored: StoredRow): void {
    const present = this.#tables[sink].get(key);
    if (present === undefined || compareVersions(stored, present) >= 0) this.#tables[sink].set(key, stored);
  }

  /** The rows shown, by key. */
  shown(sink: Sink): Map<string, Row> {
    const shown = new Map<string, Row>();
    for (const [key, { row }] of this.#tables[sink]) if (row !== null) shown.set(key, row);
    return shown;
  }

  /** Digests of what is shown of a task, row by row. */
  base(sink: Sink, task: string): Map<string, string> {
    const base = new Map<string, string>();
    for (const [key, stored] of this.#of(sink, task)) {
      const digest = checked(stored);
      if (digest !== null) base.set(key, digest);
    }
    return base;
  }

  /** `unchecked`: digests are taken as they are stored, also of rows that were altered. */
  split(
    sink: Sink,
    task: string,
    { watermark, unchecked }: { readonly watermark: Version; readonly unchecked: boolean },
  ): Split {
    const older: [string, string][] = [];
    const newer = new Map<string, string | null>();
    for (const [key, stored] of this.#of(sink, task)) {
      const digest = unchecked ? stored.digest : checked(stored);
      if (compareVersions(stored, watermark) > 0) newer.set(key, digest);
      else if (digest !== null) older.push([key, digest]);
    }
    return { older: aggregateOf(older), newer };
  }

  *#of(sink: Sink, task: string): Generator<[string, StoredRow]> {
    for (const entry of this.#tables[sink]) if (entry[1].task === task) yield entry;
  }

  keys(sink: Sink): string[] {
    return [...this.#tables[sink].keys()];
  }

  alter(sink: Sink, key: string): void {
    const stored = this.#tables[sink].get(key)!;
    if (stored.row !== null) this.#tables[sink].set(key, { ...stored, row: { ...stored.row, s: -1 } });
  }

  remove(sink: Sink, key: string): void {
    this.#tables[sink].delete(key);
  }

  /** Tombstones are removed. */
  cleanup(): void {
    for (const sink of SINKS) {
      for (const [key, { row }] of this.#tables[sink]) if (row === null) this.#tables[sink].delete(key);
    }
  }

  empty(): void {
    this.#tables = emptyTables();
  }

  backUp(): void {
    this.#backup = { rows: new Map(this.#tables.rows), shares: new Map(this.#tables.shares) };
  }

  restore(): void {
    this.#tables = { rows: new Map(this.#backup.rows), shares: new Map(this.#backup.shares) };
  }
}

function emptyTables(): Record<Sink, Map<string, StoredRow>> {
  return { rows: new Map(), shares: new Map() };
}

function checked({ row, digest }: StoredRow): string | null {
  return digestOf(row) === digest ? digest : ALTERED;
}
