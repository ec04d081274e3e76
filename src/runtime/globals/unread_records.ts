import type { Bytes, LogRecord, Position } from "../../ports/log.ts";
import type { DeserializationError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";

/** A record that could not be read. */
export interface Unread {
  readonly position: Position;
  readonly record: LogRecord;
  /** Whose change it is; null if that cannot be read, either. */
  readonly key: Key | null;
  readonly error: DeserializationError;
}

/** What is kept of them at most, in bytes. */
const BYTES_MAX = 2 ** 20;
/** Counted for each besides its key and value. */
const RECORD_BYTES = 500;

/**
 * Records of a table that could not be read, for those who come later: of each key the last one, until a later change
 * of it was read.
 */
export class UnreadRecords {
  /** By key; those whose key cannot be read stand for themselves. */
  readonly #records = new Map<Key | Unread, Unread>();
  #bytes = 0;
  /** False: there were too many to keep. */
  complete = true;

  add(unread: Unread): void {
    if (!this.complete) return;
    if (unread.key !== null) this.mended(unread.key);
    // A record may be a view of all that was fetched with it.
    const { offset, timestampMs, key, value } = unread.record;
    const copy = { ...unread, record: { offset, timestampMs, key: copyOf(key), value: copyOf(value) } };
    this.#records.set(unread.key ?? copy, copy);
    this.#bytes += bytesOf(copy);
    this.complete = this.#bytes <= BYTES_MAX;
    if (!this.complete) this.#records.clear();
  }

  /** A later change of the key was read. */
  mended(key: Key): void {
    const known = this.#records.get(key);
    if (known === undefined) return;
    this.#bytes -= bytesOf(known);
    this.#records.delete(key);
  }

  /** All that are kept, in the order in which they were read. */
  list(): IterableIterator<Unread> {
    return this.#records.values();
  }
}

function bytesOf({ record: { key, value } }: Unread): number {
  return RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
}

function copyOf(bytes: Bytes | null): Bytes | null {
  return bytes === null || typeof bytes === "string" ? bytes : bytes.slice();
}
