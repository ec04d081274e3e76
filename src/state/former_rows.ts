import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { wireEquals } from "../record/wire.ts";

/** Keys remembered: those exchanged within a transaction, or created again by a connector's restart. */
const KEYS_MAX = 10_000;

/** What a change says besides its key. Asked for only when it matters, as it takes a second look at the message. */
export interface Details {
  /** The row before the change; null if the message does not have it whole. */
  readonly before: Row | null;
  /** The source's transaction; null if unknown. */
  readonly transaction: string | null;
}

interface Former {
  readonly transaction: string;
  readonly rows: Row[];
  /** The delete just seen was of a former row, so the tombstone that follows it is, too. */
  ignored: boolean;
}

/**
 * Rows that lost their key to another row before their delete was seen. With a deferrable key, `UPDATE t SET id = id +
 * 1` makes Debezium write the creation of the new holder of a key before the delete of the former one, within one
 * transaction. Such a delete is told by its `before`, which is the former row (REPLICA IDENTITY FULL), and must not
 * delete the new one; nor must the tombstone directly after it.
 *
 * A delete is ignored only if all of this agrees: the key's creation displaced another row, the delete is of the same
 * transaction, and its `before` equals a displaced row and not the row held. So repeated, compacted or made-up messages
 * are applied as they stand.
 */
export class FormerRows {
  readonly #keys = new Map<Key, Former>();

  /** Row `row` was created under a key that `held` has. */
  displaced(key: Key, { held, row, details }: { held: Row; row: Row; details: () => Details }): void {
    if (wireEquals(held, row)) return;
    const { transaction } = details();
    if (transaction === null) return;
    const former = this.#keys.get(key);
    if (former !== undefined && former.transaction === transaction) {
      former.rows.push(held);
      former.ignored = false;
      return;
    }
    this.#keys.delete(key);
    if (this.#keys.size >= KEYS_MAX) this.#keys.delete(this.#keys.keys().next().value!);
    this.#keys.set(key, { transaction, rows: [held], ignored: false });
  }

  /** Whether a delete of the key, or a tombstone, means a row that no longer holds it. Null for a tombstone. */
  ignores(key: Key, held: Row | null, details: (() => Details) | null): boolean {
    const former = this.#keys.get(key);
    if (former === undefined) return false;
    if (details === null) {
      const { ignored } = former;
      former.ignored = false;
      if (!ignored || former.rows.length === 0) this.#keys.delete(key);
      return ignored;
    }
    const { before, transaction } = details();
    former.ignored = false;
    if (before === null || transaction !== former.transaction || held === null || same(before, held)) return false;
    const index = former.rows.findIndex((row) => same(before, row));
    if (index < 0) return false;
    former.rows.splice(index, 1);
    former.ignored = true;
    return true;
  }

  /** The key has another row by a change that is no creation: a tombstone now belongs to no ignored delete. */
  updated(key: Key): void {
    const former = this.#keys.get(key);
    if (former !== undefined) former.ignored = false;
  }

  /** Whether nothing is remembered, which is so nearly always. */
  get empty(): boolean {
    return this.#keys.size === 0;
  }
}

/** Equal in the columns that both have. */
function same(a: Row, b: Row): boolean {
  return Object.keys(a).every((name) => b[name] === undefined || wireEquals(a[name], b[name]));
}
