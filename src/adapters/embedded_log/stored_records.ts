/** One record as SQLite gives it back: offset, timestamp, key, value, and headers if there may be any. */
export type StoredRecord = [
  number,
  number,
  string | Uint8Array | null,
  string | Uint8Array | null,
  headers?: Uint8Array | null,
];

/** A record without its value: offset, timestamp, key, 1 for a tombstone. */
export type StoredKey = [number, number, string | Uint8Array | null, number];

/** Offsets from `from` up to, without, `to`. */
export interface ReadRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}
