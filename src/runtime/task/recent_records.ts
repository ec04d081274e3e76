import type { LogRecord, Position } from "../../ports/log.ts";
import type { Key } from "../../record/key.ts";

/** Portions remembered; each is taken in one turn of the event loop. */
const PORTIONS_MAX = 16;

interface Portion {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Offsets of those that were not applied. */
  readonly refused: readonly number[];
  readonly keyOf: (record: LogRecord) => Key | null;
  /** By key: the offset of its newest record. Made when it is asked for, which is seldom. */
  offsets: Map<Key, number> | null;
}

/**
 * The records that a task took last, until all of them are evaluated, so that a row that is refused can be told with
 * the offset of its newest record. Nothing is done for a record that is taken, and nothing is kept while a task rests.
 */
export class RecentRecords {
  #portions: Portion[] = [];

  add(portion: Omit<Portion, "offsets">): void {
    if (this.#portions.length === PORTIONS_MAX) this.#portions.shift();
    this.#portions.push({ ...portion, offsets: null });
  }

  /** All of them are evaluated. */
  clear(): void {
    if (this.#portions.length > 0) this.#portions = [];
  }

  /** Where the newest record of the key lies; null if it is not among the last ones. */
  newestOf(key: Key): Position | null {
    for (const portion of this.#portions.toReversed()) {
      const { topic, partition } = portion;
      const offset = (portion.offsets ??= offsetsOf(portion)).get(key);
      if (offset !== undefined) return { topic, partition, offset };
    }
    return null;
  }
}

function offsetsOf({ records, refused, keyOf }: Portion): Map<Key, number> {
  const offsets = new Map<Key, number>();
  for (const record of records) {
    const key = refused.includes(record.offset) ? null : keyOf(record);
    if (key !== null) offsets.set(key, record.offset);
  }
  return offsets;
}
