import type { ReadRange, StoredKey, StoredRecord } from "./stored_records.ts";

/**
 * Offsets taken from the file at once, so that none is given out again after a restart, and the file is seldom written
 * to.
 */
const RESERVED_AHEAD = 1_000_000;

/**
 * Records of one partition of a transient topic: in memory, oldest first, their offsets without gaps. What outlives the
 * process is how far offsets may have been given out.
 */
export class TransientRecords {
  /** No offset from here on has been given out, whatever happens to the process. */
  reserved: number;
  #records: StoredRecord[] = [];

  constructor(reserved: number) {
    this.reserved = reserved;
  }

  /** The reservation with which records up to, without, `end` may be stored; null if it is large enough. */
  reservationFor(end: number): number | null {
    return end <= this.reserved ? null : end + RESERVED_AHEAD;
  }

  /** Their offsets continue those stored. */
  append(records: readonly StoredRecord[]): void {
    for (const record of records) this.#records.push(record);
  }

  /** As `LogStore.read`. */
  read({ from, to, limit }: Omit<ReadRange, "partition">): StoredRecord[] {
    if (this.#records.length === 0) return [];
    const first = this.#records[0][0];
    return this.#records.slice(Math.max(0, from - first), Math.max(0, Math.min(from + limit, to) - first));
  }

  /** As `LogStore.readKeys`. */
  readKeys(range: Omit<ReadRange, "partition">): StoredKey[] {
    return this.read(range).map((
      [offset, timestampMs, key, value],
    ) => [offset, timestampMs, key, value === null ? 1 : 0]);
  }

  /** Forgets what lies before `offset`, and tells how much that was. */
  dropBefore(offset: number): number {
    if (this.#records.length === 0) return 0;
    return this.#records.splice(0, Math.max(0, offset - this.#records[0][0])).length;
  }
}

/** Nothing of an earlier process is left: the partitions begin where offsets were reserved to. */
export function transientRecords(partitions: readonly { start: number; readonly end: number }[]): TransientRecords[] {
  for (const state of partitions) state.start = state.end;
  return partitions.map(({ end }) => new TransientRecords(end));
}
