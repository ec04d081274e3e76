import { LOOKS_PER_STEP } from "../../state/chores.ts";
import { DIRTY, type Entry, PENDING } from "../../state/entry.ts";
import type { RightEntry } from "../../state/right_store.ts";

/** A right row with at most so many users marks them one by one; longer lists are walked in slices. */
const MARKED_USERS_MAX = 16;

interface FanOut {
  readonly right: RightEntry;
  /** Position in the list of users that comes next; counts down. */
  next: number;
}

/** Everything that was marked before a moment: see {@link WorkQueue.mark} and {@link WorkQueue.passed}. */
export interface WorkMark {
  /** Entries marked by then, since the task began. */
  readonly entries: number;
  /** Lists of users begun by then. */
  readonly fanOuts: number;
}

/**
 * What a task has to evaluate: entries whose rows changed, users of right rows that changed, and, once after loading,
 * all entries. Taken in slices, so that one right row with a million users stalls nobody and copies nothing. What
 * changed first is evaluated first.
 */
export class WorkQueue {
  /** Being evaluated, from {@link WorkQueue.#next} on; all of them were marked before those in `#dirty`. */
  #taken: Entry[] = [];
  #next = 0;
  #dirty: Entry[] = [];
  readonly #fanOuts = new Map<RightEntry, FanOut>();
  #scan: Iterator<Entry | null> | null = null;
  #marked = 0;
  #walksBegun = 0;
  #walksEnded = 0;

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#entriesWaiting === 0 && this.#fanOuts.size === 0 && this.#scan === null;
  }

  get #entriesWaiting(): number {
    return this.#taken.length - this.#next + this.#dirty.length;
  }

  /** The entry must be evaluated. */
  mark(entry: Entry): void {
    if ((entry.flags & DIRTY) !== 0) return;
    entry.flags |= DIRTY;
    this.#marked++;
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
    if (known !== undefined) {
      known.next = users.length - 1;
      return;
    }
    this.#walksBegun++;
    this.#fanOuts.set(right, { right, next: users.length - 1 });
  }

  /** All pending entries must be evaluated, in this order; one may occur twice. Null: it is not the turn of one. */
  markAll(entries: Iterator<Entry | null>): void {
    this.#scan = entries;
  }

  /** Stands for everything that waits now. */
  get position(): WorkMark {
    return { entries: this.#marked, fanOuts: this.#walksBegun };
  }

  /** Whether everything is evaluated that waited when {@link position} was `mark`. */
  passed({ entries, fanOuts }: WorkMark): boolean {
    return this.#scan === null && this.#marked - this.#entriesWaiting >= entries && this.#walksEnded >= fanOuts;
  }

  /** Evaluates at most about `rows` entries; true if more wait. */
  run(rows: number, evaluate: (entry: Entry) => unknown): boolean {
    // Neither kind waits for the other: there may always be more of it before it is done.
    const both = this.#entriesWaiting > 0 && this.#fanOuts.size > 0;
    let left = rows - this.#evaluateEntries(both ? Math.ceil(rows / 2) : rows, evaluate);
    while (left > 0) {
      if (this.#fanOuts.size > 0) left -= this.#walk(left, evaluate);
      else if (this.#entriesWaiting > 0) left -= this.#evaluateEntries(left, evaluate);
      else if (this.#scan !== null) {
        const next = this.#scan.next();
        if (next.done) this.#scan = null;
        else if (next.value === null || (next.value.flags & PENDING) === 0) left -= 1 / LOOKS_PER_STEP;
        else {
          left--;
          evaluate(next.value);
        }
      } else return false;
    }
    return !this.empty;
  }

  /** At most `rows` of those marked, in the order in which they were. Returns how many. */
  #evaluateEntries(rows: number, evaluate: (entry: Entry) => unknown): number {
    let done = 0;
    while (done < rows) {
      if (this.#next === this.#taken.length) {
        if (this.#dirty.length === 0) break;
        this.#taken = this.#dirty;
        this.#dirty = [];
        this.#next = 0;
      }
      evaluate(this.#taken[this.#next++]);
      done++;
    }
    if (this.#next === this.#taken.length && this.#next > 0) {
      this.#taken = [];
      this.#next = 0;
    }
    return done;
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
    if (fanOut.next < 0) {
      this.#fanOuts.delete(fanOut.right);
      this.#walksEnded++;
    }
    return Math.max(1, done);
  }
}
