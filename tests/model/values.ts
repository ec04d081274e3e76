/** A row of a table or of a sink. Equal rows have their columns in one order. */
export type Row = Readonly<Record<string, string | number | null>>;

/** The partner has not answered yet. Not the same as absent, which is null. */
export const UNKNOWN = Symbol("unknown");

/** What a change of a source says. A tombstone is null. */
export type Change =
  | { readonly kind: "put"; readonly row: Row }
  /** A row created under a key that another row has, which the same transaction deletes afterwards. */
  | { readonly kind: "exchange"; readonly row: Row; readonly transaction: number }
  | { readonly kind: "delete"; readonly before: Row; readonly transaction: number };

/** Names a row's content; null if there is no row. */
export function digestOf(row: Row | null): string | null {
  return row === null ? null : JSON.stringify(row);
}

/** 32 bits of a text (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** Count of rows and sum of their hashes: what one question to ClickHouse gives for a task. */
export interface Aggregate {
  readonly count: number;
  readonly sum: number;
}

export function aggregateOf(digests: Iterable<readonly [key: string, digest: string]>): Aggregate {
  let count = 0;
  let sum = 0;
  for (const [key, digest] of digests) {
    count++;
    sum = (sum + hashOf(`${key} ${digest}`)) % 2 ** 32;
  }
  return { count, sum };
}

/** Which of two versions is the later one: below 0, 0 or above 0. */
export function compareVersions(a: Version, b: Version): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

export interface Version {
  readonly epoch: number;
  readonly seq: number;
}

/** What a row adds to its group. */
export interface Contribution {
  readonly group: string;
  readonly n: number;
  readonly s: number;
}
