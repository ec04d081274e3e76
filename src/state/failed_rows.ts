import { type Entries, FAILED } from "./entries.ts";
import { NO_SLOT, type Slot } from "./slots.ts";

/** Marks the entries whose last evaluation failed, and counts them. One evaluation ends before the next begins. */
export class FailedRows {
  /** How many there are. */
  size = 0;
  readonly #entries: Entries;
  #evaluated: Slot = NO_SLOT;
  #failedBefore = false;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** An evaluation of the entry begins. */
  begin(entry: Slot): void {
    this.#failedBefore = this.#entries.is(entry, FAILED);
    if (this.#failedBefore) this.#entries.lower(entry, FAILED);
    this.#evaluated = entry;
  }

  /** Something failed: the entry that is being evaluated, if one is. */
  fail(): void {
    if (this.#evaluated !== NO_SLOT) this.#entries.raise(this.#evaluated, FAILED);
  }

  /** The evaluation of the entry ends. */
  end(entry: Slot): void {
    this.#evaluated = NO_SLOT;
    const failed = this.#entries.is(entry, FAILED);
    if (failed !== this.#failedBefore) this.size += failed ? 1 : -1;
  }

  /** The entry is no more. */
  forget(entry: Slot): void {
    if (!this.#entries.is(entry, FAILED)) return;
    this.#entries.lower(entry, FAILED);
    this.size--;
  }
}
