import { type Entry, FAILED } from "./entry.ts";

/** Marks the entries whose last evaluation failed, and counts them. One evaluation ends before the next begins. */
export class FailedRows {
  /** How many there are. */
  size = 0;
  #evaluated: Entry | null = null;
  #failedBefore = false;

  /** An evaluation of the entry begins. */
  begin(entry: Entry): void {
    this.#failedBefore = (entry.flags & FAILED) !== 0;
    entry.flags &= ~FAILED;
    this.#evaluated = entry;
  }

  /** Something failed: the entry that is being evaluated, if one is. */
  fail(): void {
    if (this.#evaluated !== null) this.#evaluated.flags |= FAILED;
  }

  /** The evaluation of the entry ends. */
  end(entry: Entry): void {
    this.#evaluated = null;
    const failed = (entry.flags & FAILED) !== 0;
    if (failed !== this.#failedBefore) this.size += failed ? 1 : -1;
  }

  /** The entry is no more. */
  forget(entry: Entry): void {
    if ((entry.flags & FAILED) === 0) return;
    entry.flags &= ~FAILED;
    this.size--;
  }
}
