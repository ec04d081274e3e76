import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { decodeWire, encodeWire, wireEquals } from "../record/wire.ts";

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
  /** The delete just seen left a row under the key, so the tombstone that follows it deletes nothing. */
  kept: boolean;
}

/**
 * Rows that lost their key to another row before their delete was seen. With a deferrable key, `UPDATE t SET id = id +
 * 1` makes Debezium write the creation of the new holder of a key before the delete of the former one, within one
 * transaction. Such a delete is told by its `before`, which is the former row (REPLICA IDENTITY FULL), and must not
 * delete the new one; nor must the tombstone directly after it. If it is the new holder that leaves first, the former
 * one still has the key.
 *
 * A delete is applied as it stands unless all of this agrees: the key's creation displaced another row, the delete is
 * of the same transaction, and its `before` equals one of the rows that have the key. So repeated, compacted or made-up
 * messages do what they always did.
 */
export class FormerRows {
  readonly #keys = new Map<Key, Former>();

  /** Row `row` was created under a key that `held` has. */
  displaced(key: Key, { held, row, details }: { held: Row; row: Row; details: () => Details }): void {
    if (wireEquals(held, row)) return this.updated(key);
    const { transaction } = details();
    if (transaction === null) return;
    const former = this.#keys.get(key);
    if (former !== undefined && former.transaction === transaction) {
      former.rows.push(held);
      former.kept = false;
      return;
    }
    this.#keys.delete(key);
    if (this.#keys.size >= KEYS_MAX) this.#keys.delete(this.#keys.keys().next().value!);
    this.#keys.set(key, { transaction, rows: [held], kept: false });
  }

  /** The row that has the key after a delete, or after a tombstone (`details` null); null if none has it. */
  afterDelete(key: Key, held: Row | null, details: (() => Details) | null): Row | null {
    const former = this.#keys.get(key);
    if (former === undefined) return null;
    const row = details === null ? (former.kept ? held : null) : rowLeft(former, { ...details(), held });
    former.kept = details !== null && row !== null;
    if (row === null || (details === null && former.rows.length === 0)) this.#keys.delete(key);
    return row;
  }

  /** The key has another row by a change that is no creation: a tombstone now belongs to no such delete. */
  updated(key: Key): void {
    const former = this.#keys.get(key);
    if (former !== undefined) former.kept = false;
  }

  /** For a snapshot, as of now: what makes the text, which may take long. */
  save(): () => string {
    const now = Array.from(this.#keys, ([key, former]) => [key, { ...former, rows: [...former.rows] }]);
    return () => encodeWire(now);
  }

  /** The text of {@link save}, back into an empty one. */
  load(saved: string): void {
    for (const [key, former] of decodeWire(saved) as [Key, Former][]) this.#keys.set(key, former);
  }

  /** Whether nothing is remembered, which is so nearly always. */
  get empty(): boolean {
    return this.#keys.size === 0;
  }
}

/** Takes the row that a delete means out of those that have the key; null if it cannot be told, or none is left. */
function rowLeft(former: Former, change: Details & { readonly held: Row | null }): Row | null {
  const { rows } = former;
  const { before, transaction, held } = change;
  if (before === null || held === null || transaction !== former.transaction) return null;
  if (same(before, held)) return rows.pop() ?? null;
  const index = rows.findIndex((row) => same(before, row));
  if (index < 0) return null;
  rows.splice(index, 1);
  return held;
}

/** Equal in the columns that both have. */
function same(a: Row, b: Row): boolean {
  return Object.keys(a).every((name) => b[name] === undefined || wireEquals(a[name], b[name]));
}
