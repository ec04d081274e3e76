import { LOOKS_PER_STEP } from "../../state/chores.ts";
import { DIRTY, type Entries, PENDING } from "../../state/entries.ts";
import type { Links, Walk } from "../../state/links.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";

/** A right row with at most so many users marks them one by one; longer lists are walked in slices. */
const MARKED_USERS_MAX = 16;

/** Gives one entry after the other; one may come twice. NO_SLOT: it is not the turn of one. Null: none is left. */
export type SlotScan = () => Slot | null;

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
  #taken: Slot[] = [];
  #next = 0;
  #dirty: Slot[] = [];
  readonly #entries: Entries;
  /** By right row of each lookup: the users that come next. */
  readonly #fanOuts = new Map<Links, Map<Slot, Walk>>();
  readonly #mark = (entry: Slot) => this.mark(entry);
  #scan: SlotScan | null = null;
  #marked = 0;
  #walksBegun = 0;
  #walksEnded = 0;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#entriesWaiting === 0 && this.#fanOuts.size === 0 && this.#scan === null;
  }

  get #entriesWaiting(): number {
    return this.#taken.length - this.#next + this.#dirty.length;
  }

  /** The entry must be evaluated. */
  mark(entry: Slot): void {
    if (this.#entries.is(entry, DIRTY)) return;
    this.#entries.raise(entry, DIRTY);
    this.#marked++;
    this.#dirty.push(entry);
  }

  /** All users of a right row must be evaluated. */
  markUsers(links: Links, right: Slot): void {
    if (links.users(right) <= MARKED_USERS_MAX) return links.forEachUser(right, this.#mark);
    let fanOuts = this.#fanOuts.get(links);
    if (fanOuts === undefined) this.#fanOuts.set(links, fanOuts = new Map());
    const known = fanOuts.get(right);
    if (known !== undefined) return known.restart();
    this.#walksBegun++;
    fanOuts.set(right, links.walk(right));
  }

  /** Right rows whose users are being walked, by lookup. */
  *walked(): Generator<readonly [Links, Slot]> {
    for (const [links, fanOuts] of this.#fanOuts) for (const right of fanOuts.keys()) yield [links, right];
  }

  /** All pending entries must be evaluated, in this order. */
  markAll(entries: SlotScan): void {
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
  run(rows: number, evaluate: (entry: Slot) => unknown): boolean {
    // Neither kind waits for the other: there may always be more of it before it is done.
    const both = this.#entriesWaiting > 0 && this.#fanOuts.size > 0;
    let left = rows - this.#evaluateEntries(both ? Math.ceil(rows / 2) : rows, evaluate);
    while (left > 0) {
      if (this.#fanOuts.size > 0) left -= this.#walk(left, evaluate);
      else if (this.#entriesWaiting > 0) left -= this.#evaluateEntries(left, evaluate);
      else if (this.#scan !== null) {
        const entry = this.#scan();
        if (entry === null) this.#scan = null;
        else if (entry === NO_SLOT || !this.#entries.is(entry, PENDING)) left -= 1 / LOOKS_PER_STEP;
        else {
          left--;
          evaluate(entry);
        }
      } else return false;
    }
    return !this.empty;
  }

  /** At most `rows` of those marked, in the order in which they were. Returns how many. */
  #evaluateEntries(rows: number, evaluate: (entry: Slot) => unknown): number {
    let done = 0;
    while (done < rows) {
      if (this.#next === this.#taken.length) {
        if (this.#dirty.length === 0) break;
        this.#taken = this.#dirty;
        this.#dirty = [];
        this.#next = 0;
      }
      const entry = this.#taken[this.#next++];
      // Evaluated meanwhile for another reason; and then its slot may be another key's by now, or nobody's.
      if (this.#entries.is(entry, DIRTY)) evaluate(entry);
      done++;
    }
    if (this.#next === this.#taken.length && this.#next > 0) {
      this.#taken = [];
      this.#next = 0;
    }
    return done;
  }

  /** Users that come meanwhile have seen what changed. */
  #walk(rows: number, evaluate: (entry: Slot) => unknown): number {
    const [[links, fanOuts]] = this.#fanOuts;
    const [[right, users]] = fanOuts;
    for (let done = 0; done < rows; done++) {
      const user = users.next();
      if (user !== NO_SLOT) {
        evaluate(user);
        continue;
      }
      fanOuts.delete(right);
      if (fanOuts.size === 0) this.#fanOuts.delete(links);
      this.#walksEnded++;
      return Math.max(1, done);
    }
    return rows;
  }
}
