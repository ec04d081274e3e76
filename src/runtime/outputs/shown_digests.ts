import { NumberCells } from "../../state/cells.ts";
import { type Entries, PENDING, SHOWN_BEFORE } from "../../state/entries.ts";
import type { Lent } from "../../state/loans.ts";
import { endsStep, type Loading, type Slot } from "../../state/slots.ts";

/** Digest of a row that is somebody else's or was altered: that of no row which this task writes. */
export const FOREIGN_DIGEST = -1;

/** A digest that a snapshot remembers: less than every other one, and exact for all of them. */
function remembered(digest: number): number {
  return digest === 0 ? -2 : -4 * digest;
}

/** The digest that is {@link remembered} so. */
function recalled(digest: number): number {
  return digest === -2 ? 0 : digest / -4;
}

/**
 * By entry the digest of the row that one sink shows; null for none. Before a start has evaluated anything, ClickHouse
 * says what is shown. A snapshot remembers it, too: an entry of which both say the same need not be evaluated.
 */
export class ShownDigests {
  readonly #entries: Entries;
  readonly #digests: NumberCells;

  constructor(entries: Entries) {
    this.#entries = entries;
    this.#digests = entries.keys.attach(new NumberCells());
  }

  get(entry: Slot): number | null {
    return this.#digests.get(entry);
  }

  set(entry: Slot, digest: number | null): void {
    this.#digests.set(entry, digest);
  }

  /** ClickHouse shows a row of this entry. */
  base(entry: Slot, digest: number): void {
    if (this.#digests.get(entry) !== remembered(digest)) this.#entries.raise(entry, PENDING);
    this.#entries.raise(entry, SHOWN_BEFORE);
    this.#digests.set(entry, digest);
  }

  /** What {@link base} was told is forgotten; nothing was shown since. In steps. */
  *forgetBase(): Loading {
    for (const entry of this.#entries.keys.used()) {
      this.#digests.set(entry, null);
      this.#entries.raise(entry, PENDING);
      if (endsStep(entry)) yield;
    }
  }

  /** After the entries were loaded from a snapshot: what was shown then counts where {@link base} says the same. */
  *restored(): Loading {
    yield* this.#digests.below(Infinity, (entry, digest) => {
      if (digest === FOREIGN_DIGEST) this.gone(entry);
      else this.#digests.set(entry, remembered(digest));
    });
  }

  /** Of all rows that are shown now, until they are given back; NaN stands for none. */
  lent(): Lent<Float64Array>[] {
    return this.#digests.lent();
  }

  /** What a snapshot remembers of the entry; null for nothing. */
  remembered(entry: Slot): number | null {
    const digest = this.#digests.get(entry);
    return digest === null || digest >= FOREIGN_DIGEST ? null : recalled(digest);
  }

  /** ClickHouse shows nothing of this entry. */
  gone(entry: Slot): void {
    if (this.#digests.get(entry) === null) return;
    this.#digests.set(entry, null);
    this.#entries.raise(entry, PENDING);
  }

  /**
   * ClickHouse shows what a snapshot remembers and {@link base} was not told of. `onConfirmed`: for each entry. In
   * steps, between which the start goes on: nothing is evaluated before it knows what is shown.
   */
  confirm(onConfirmed: () => void): Loading {
    return this.#digests.below(FOREIGN_DIGEST, (entry, digest) => {
      this.#digests.set(entry, recalled(digest));
      this.#entries.raise(entry, SHOWN_BEFORE);
      onConfirmed();
    });
  }

  /** All that ClickHouse shows was told. What a snapshot remembers beside it is not shown. In steps, as above. */
  baseKnown(): Loading {
    return this.#digests.below(FOREIGN_DIGEST, (entry) => {
      this.#digests.set(entry, null);
      this.#entries.raise(entry, PENDING);
    });
  }
}
