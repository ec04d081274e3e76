import type { TaskTable } from "../../plan/physical.ts";
import type { Ages } from "../../processor/expire.ts";
import { misfit } from "../../state/sections.ts";
import type { Chore, Chores } from "../../state/chores.ts";
import { DueTimes } from "../../state/due_times.ts";
import { type Entries, EXPIRED } from "../../state/entries.ts";
import type { SectionReader, SectionWriter, Slot } from "../../state/slots.ts";
import type { WorkQueue } from "./work_queue.ts";

/** A clock that was set back by less stands still for the task until it has come as far again. */
const SET_BACK_US_MAX = 60_000_000;

/** A task, as far as entries that are due concern it. */
interface Worker {
  readonly queue: WorkQueue;
  readonly chores: Chores;
  /** Entries of one turn at most. */
  readonly sliceRows: number;
}

/**
 * Time, as the entries of one task see it, and when each is to be evaluated again because a row of it expires. The task
 * has no clock: it is told what time it is ({@link Expiry.advance}), and everything that it evaluates until it is told
 * again is of that moment. What an evaluation finds is kept until the next one of the same entry; so the result always
 * follows from the rows and the time, whatever happened in between.
 */
export class Expiry implements Ages {
  #nowUs = -Infinity;
  /** By entry: when the first of its rows expires. */
  readonly #due: DueTimes;
  readonly #entries: Entries;
  readonly #count: (rows: number) => void;
  /** Of the entry that is being evaluated: when its first row expires, and whether one has. */
  #firstUs = Infinity;
  #expired = false;
  /** The clock was set back: rows that have expired may be there again. */
  #setBack = false;

  /** `count`: is told how many entries had a row that expired. */
  constructor(entries: Entries, count: (rows: number) => void) {
    this.#entries = entries;
    this.#due = entries.keys.attach(new DueTimes());
    this.#count = count;
  }

  /** It is now this time, microseconds since the epoch. */
  advance(nowUs: number): void {
    if (nowUs >= this.#nowUs) this.#nowUs = nowUs;
    else if (nowUs < this.#nowUs - SET_BACK_US_MAX) {
      this.#nowUs = nowUs;
      this.#setBack = true;
    }
  }

  /** Whether entries are due, or all are to be evaluated again. */
  get waits(): boolean {
    return this.#due.first <= this.#nowUs || this.#setBack;
  }

  /** When the first row expires, microseconds since the epoch; Infinity: none does. */
  get nextUs(): number {
    return this.#due.first;
  }

  /** Whether a row of the entry has expired since it was evaluated. */
  isDue(entry: Slot): boolean {
    return this.#due.timeOf(entry) <= this.#nowUs;
  }

  /** As {@link keeps}, for whoever only looks: it is the time of the last evaluation, and nothing is noted. */
  isBefore(dueUs: number): boolean {
    return dueUs > this.#nowUs;
  }

  /** An entry is evaluated. */
  begin(): void {
    this.#firstUs = Infinity;
    this.#expired = false;
  }

  keeps(dueUs: number): boolean {
    if (dueUs <= this.#nowUs) {
      this.#expired = true;
      return false;
    }
    if (dueUs < this.#firstUs) this.#firstUs = dueUs;
    return true;
  }

  /** The entry was evaluated. */
  end(entry: Slot): void {
    this.#due.set(entry, this.#firstUs);
    if (this.#expired) this.#entries.raise(entry, EXPIRED);
    else if (this.#entries.is(entry, EXPIRED)) this.#entries.lower(entry, EXPIRED);
  }

  /** What is due now is evaluated soon; a slice of it. */
  work({ queue, chores, sliceRows }: Worker, evaluate: (entry: Slot) => unknown): void {
    let rows = 0;
    for (; rows < sliceRows && this.#due.first <= this.#nowUs; rows++) queue.mark(this.#due.take());
    if (rows > 0) this.#count(rows);
    if (!this.#setBack) return;
    this.#setBack = false;
    chores.add(again(this.#entries, evaluate));
  }

  /** For a snapshot; times of entries are kept with these. */
  save(to: SectionWriter): void {
    to.array(Float64Array.of(this.#nowUs));
  }

  /** What {@link save} wrote: of that moment are the entries. @throws RangeError for what does not fit */
  load(from: SectionReader): void {
    const times = from.array(Float64Array);
    if (times.length !== 1 || Number.isNaN(times[0])) throw misfit("no time");
    this.#nowUs = times[0];
  }
}

function* again({ keys }: Entries, evaluate: (entry: Slot) => unknown): Chore {
  for (const entry of keys.used()) {
    evaluate(entry);
    yield;
  }
}

/** For a task of this table; null if none of its rows expire. `count`: a metric by its name. */
export function createExpiry(
  { table, entries }: { readonly table: TaskTable; readonly entries: Entries },
  count: (name: string, labels: Readonly<Record<string, string>>, value: number) => void,
): Expiry | null {
  if (!table.steps.some(({ kind }) => kind === "expire")) return null;
  return new Expiry(entries, (rows) => count("weir_expired_rows_total", { table: table.name }, rows));
}
