import type { Key } from "../record/key.ts";

/** Keys remembered of one table by one task. Beyond it they are counted and never taken out again. */
const KEYS_MAX = 100_000;

/** Where a record lies in the table's topic. */
export interface RecordPlace {
  readonly partition: number;
  readonly offset: number;
}

/** Nothing of the key could be read from `first` to `last`, as far as the topic was read. */
interface Unread {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** How a record that was read already stands to its key. */
export type Standing =
  /** It could not be read, and nothing of its key that could be read came since: a correction of it counts. */
  | "unread"
  /** What its key has is a correction of this very record: another one takes its place. */
  | "corrected"
  /** Something newer of its key was read. */
  | "outdated"
  /** The record itself could be read, or something newer of its key was: nothing tells which. */
  | "passed"
  /** There are more such keys than are remembered, and it may be one of these. */
  | "unknown";

/**
 * Keys of one table whose last change could not be read: the row before it is still shown. A later change or delete of
 * the key that can be read takes it out, and so does a correction of the last one that could not. A restart reads the
 * topic again and finds the same keys.
 */
export class StaleKeys {
  /** The table's name. */
  readonly table: string;
  readonly #keys = new Map<Key, Unread>();
  /** Keys whose row is a correction's, and where the record lies that it corrects. */
  readonly #corrected = new Map<Key, RecordPlace>();
  #beyond = 0;
  /** Changes of which not even the key could be read. */
  unknown = 0;

  constructor(table: string) {
    this.table = table;
  }

  /** A change could not be read. `key`: of its row; null if that cannot be read either, so that no row is known. */
  refused(key: Key | null, { partition, offset }: RecordPlace): void {
    if (key === null) {
      this.unknown++;
      return;
    }
    const known = this.#keys.get(key);
    if (known !== undefined || this.#keys.size < KEYS_MAX) {
      const first = known?.partition === partition ? known.first : offset;
      this.#keys.set(key, { partition, first, last: offset });
    } else this.#beyond++;
  }

  /** A change of `key` was read. Returns whether the key was stale. */
  read(key: Key): boolean {
    if (this.#corrected.size > 0) this.#corrected.delete(key);
    return this.#keys.size > 0 && this.#keys.delete(key);
  }

  /** How a record of `key` at a place that lies before what is read next stands to its key. */
  standing(key: Key, { partition, offset }: RecordPlace): Standing {
    const corrected = this.#corrected.get(key);
    if (corrected?.partition === partition && corrected.offset >= offset) {
      return corrected.offset === offset ? "corrected" : "outdated";
    }
    const unread = this.#keys.get(key);
    if (unread?.partition === partition && offset >= unread.first && offset <= unread.last) return "unread";
    return unread === undefined && this.#beyond > 0 ? "unknown" : "passed";
  }

  /**
   * The row of `key` is what corrects the record at this place, which could not be read, and nothing of the key was
   * read since. Returns whether the key was stale and is so no more: a later change of it may still be unread.
   */
  corrected(key: Key, { partition, offset }: RecordPlace): boolean {
    if (this.#corrected.size < KEYS_MAX || this.#corrected.has(key)) this.#corrected.set(key, { partition, offset });
    else this.#beyond++;
    const unread = this.#keys.get(key);
    if (unread === undefined) return false;
    if (unread.last <= offset) return this.#keys.delete(key);
    this.#keys.set(key, { ...unread, first: Math.max(unread.first, offset + 1) });
    return false;
  }

  /** Where the record lies of which a correction was the last that was read of `key`; null if it was another one. */
  correctedAt(key: Key): RecordPlace | null {
    return this.#corrected.get(key) ?? null;
  }

  /** Whether the last change of `key` could not be read, as known. */
  has(key: Key): boolean {
    return this.#keys.has(key) || this.#beyond > 0;
  }

  /** Whether any change could not be read and no later one has come. */
  get any(): boolean {
    return this.size > 0 || this.unknown > 0;
  }

  /** For a snapshot, as of now: what makes the text, which may take long. */
  save(): () => string {
    const now = {
      keys: [...this.#keys],
      corrected: [...this.#corrected],
      beyond: this.#beyond,
      unknown: this.unknown,
    };
    return () => JSON.stringify(now);
  }

  /**
   * The text of {@link save}, back into an empty one.
   * @throws RangeError if not all keys are in it: a correction that came later could not be placed
   */
  load(saved: string): void {
    const { keys, corrected, beyond, unknown } = JSON.parse(saved) as {
      readonly keys: [Key, Unread][];
      readonly corrected: [Key, RecordPlace][];
      readonly beyond: number;
      readonly unknown: number;
    };
    if (beyond > 0) throw new RangeError("more changes could not be read than it tells");
    for (const [key, unread] of keys) this.#keys.set(key, unread);
    for (const [key, place] of corrected) this.#corrected.set(key, place);
    this.unknown = unknown;
  }

  /** How many keys are stale now; beyond the limit, how many changes could not be remembered is added. */
  get size(): number {
    return this.#keys.size + this.#beyond;
  }
}
