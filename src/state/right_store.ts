import type { Key } from "../record/key.ts";
import { UNKNOWN, type Value } from "../record/row.ts";
import type { Entry } from "./entry.ts";

/** A right row as one home knows it, and the entries that use it now. */
export interface RightEntry {
  readonly key: Key;
  value: Value;
  /** Each user keeps its position in its cells, so that leaving costs one swap however long the list is. */
  users: Entry[];
  /** Partition of the task that serves it, if that was asked; else -1. */
  server: number;
}

/** Arrays that grow by push get room for 17 at once; most right rows have a few users only. */
const EXACT_LENGTH_MAX = 8;

/** The list with one item more: a new list of exactly that length while it is short. */
export function appended<T>(list: T[], item: T): T[] {
  if (list.length >= EXACT_LENGTH_MAX) {
    list.push(item);
    return list;
  }
  // Written out where it is most often: a concatenation makes an array more.
  if (list.length === 0) return [item];
  if (list.length === 1) return [list[0], item];
  if (list.length === 2) return [list[0], list[1], item];
  return list.concat([item]);
}

/**
 * The right rows of one lookup. A key is present if and only if it is subscribed (or, for a global table, looked up)
 * now.
 */
export class RightStore {
  readonly entries: Map<Key, RightEntry> = new Map();
  readonly #cell: number;
  readonly #first: (key: Key) => Value;
  readonly #keepUnused: boolean;

  /**
   * `cell`: index of this lookup's first cell. `first`: called once when a key is looked up for the first time; returns
   * what is known of it now (and subscribes, if need be). `keepUnused`: entries without users stay until {@link drop}.
   */
  constructor(options: { cell: number; first: (key: Key) => Value; keepUnused: boolean }) {
    this.#cell = options.cell;
    this.#first = options.first;
    this.#keepUnused = options.keepUnused;
  }

  /** What is known of `key`, which `entry` uses from now on instead of the key it used before. */
  use(entry: Entry, key: Key): Value {
    const now = entry.cells[this.#cell] as RightEntry | null;
    if (now !== null) {
      if (now.key === key) return now.value;
      this.release(entry);
    }
    let right = this.entries.get(key);
    if (right === undefined) {
      right = { key, value: UNKNOWN, users: [], server: -1 };
      this.entries.set(key, right);
      right.value = this.#first(key);
    }
    entry.cells[this.#cell] = right;
    entry.cells[this.#cell + 1] = right.users.length;
    right.users = appended(right.users, entry);
    return right.value;
  }

  /** `entry` uses no right row any more. */
  release(entry: Entry): void {
    const right = entry.cells[this.#cell] as RightEntry | null;
    if (right === null) return;
    const at = entry.cells[this.#cell + 1] as number;
    const last = right.users.pop()!;
    if (last !== entry) {
      right.users[at] = last;
      last.cells[this.#cell + 1] = at;
    }
    entry.cells[this.#cell] = null;
    if (right.users.length === 0 && !this.#keepUnused) this.entries.delete(right.key);
  }

  /** Forgets a key that nobody uses. */
  drop(key: Key): void {
    this.entries.delete(key);
  }
}
