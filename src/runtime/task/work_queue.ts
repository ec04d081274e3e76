import { DIRTY, type Entry, PENDING } from "../../state/entry.ts";
import type { RightEntry } from "../../state/right_store.ts";

/** A right row with at most so many users marks them one by one; longer lists are walked in slices. */
const MARKED_USERS_MAX = 16;

interface FanOut {
  readonly right: RightEntry;
  /** Position in the list of users that comes next; counts down. */
  next: number;
}

/**
 * What a task has to evaluate: entries whose rows changed, users of right rows that changed, and, once after loading,
 * all entries. Taken in slices, so that one right row with a million users stalls nobody and copies nothing.
 */
export class WorkQueue {
  #dirty: Entry[] = [];
  readonly #fanOuts = new Map<RightEntry, FanOut>();
  #scan: Iterator<Entry> | null = null;

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#dirty.length === 0 && this.#fanOuts.size === 0 && this.#scan === null;
  }

  /** The entry must be evaluated. */
  mark(entry: Entry): void {
    if ((entry.flags & DIRTY) !== 0) return;
    entry.flags |= DIRTY;
    this.#dirty.push(entry);
  }

  /** All users of a right row must be evaluated. */
  markUsers(right: RightEntry): void {
    const { users } = right;
    if (users.length <= MARKED_USERS_MAX) {
      for (const user of users) this.mark(user);
      return;
    }
    const known = this.#fanOuts.get(right);
    if (known === undefined) this.#fanOuts.set(right, { right, next: users.length - 1 });
    else known.next = users.length - 1;
  }

  /** All pending entries must be evaluated, in this order; one may occur twice. */
  markAll(entries: Iterator<Entry>): void {
    this.#scan = entries;
  }

  /** Evaluates at most about `rows` entries; true if more wait. */
  run(rows: number, evaluate: (entry: Entry) => unknown): boolean {
    let left = rows;
    while (left > 0) {
      if (this.#dirty.length > 0) {
        const taken = this.#take(left);
        left -= taken.length;
        for (const entry of taken) evaluate(entry);
      } else if (this.#fanOuts.size > 0) {
        left -= this.#walk(left, evaluate);
      } else if (this.#scan !== null) {
        const next = this.#scan.next();
        if (next.done) this.#scan = null;
        else if ((next.value.flags & PENDING) !== 0) {
          left--;
          evaluate(next.value);
        }
      } else return false;
    }
    return !this.empty;
  }

  #take(rows: number): Entry[] {
    if (this.#dirty.length > rows) return this.#dirty.splice(this.#dirty.length - rows);
    const taken = this.#dirty;
    this.#dirty = [];
    return taken;
  }

  /** From the end of the list, so that a user that leaves meanwhile is replaced by one already evaluated. */
  #walk(rows: number, evaluate: (entry: Entry) => unknown): number {
    const [fanOut] = this.#fanOuts.values();
    const { right } = fanOut;
    let done = 0;
    fanOut.next = Math.min(fanOut.next, right.users.length - 1);
    while (fanOut.next >= 0 && done < rows) {
      evaluate(right.users[fanOut.next--]);
      fanOut.next = Math.min(fanOut.next, right.users.length - 1);
      done++;
    }
    if (fanOut.next < 0) this.#fanOuts.delete(fanOut.right);
    return Math.max(1, done);
  }
}
