import { CHUNK_BITS, CHUNK_MASK, Chunks } from "./chunks.ts";
import { type Loading, NO_SLOT, type Slot } from "./slots.ts";

// Each extends `Chunks` by the two functions that must meet one kind of array alone. Inheritance is an exception here:
// cells that hold chunks instead write out every function of a part, three times over, only to hand the call on.

/** One byte for each slot, 0 for a new one: flags. */
export class ByteCells extends Chunks<Uint8Array> {
  constructor() {
    super(Uint8Array, 0);
  }

  get(slot: Slot): number {
    return this.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
  }

  /** `value`: 0 to 255. */
  set(slot: Slot, value: number): void {
    if (this.loans.any) this.loans.own(slot >>> CHUNK_BITS);
    this.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = value;
  }

  /** Replaces the byte of every slot, free ones included, by what `by` has at that place. A step for each chunk. */
  *replace(by: Uint8Array): Loading {
    for (let chunk = 0; chunk < this.list.length; chunk++) {
      this.loans.own(chunk);
      const cells = this.list[chunk];
      for (let at = 0; at < cells.length; at++) cells[at] = by[cells[at]];
      yield;
    }
  }

  /** Visits the slots that have any of these bits, in order: a nanosecond for each slot. `visit` changes no cell. */
  forEachWith(bits: number, visit: (slot: Slot) => void): void {
    for (let chunk = 0; chunk < this.list.length; chunk++) {
      const cells = this.list[chunk];
      for (let at = 0; at < cells.length; at++) if ((cells[at] & bits) !== 0) visit((chunk << CHUNK_BITS) + at);
    }
  }
}

/** A number for each slot, null for a new one: digests. 8 bytes each; NaN stands for null, so NaN is none. */
export class NumberCells extends Chunks<Float64Array> {
  constructor() {
    super(Float64Array, NaN);
  }

  get(slot: Slot): number | null {
    const value = this.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
    return value === value ? value : null;
  }

  set(slot: Slot, value: number | null): void {
    if (this.loans.any) this.loans.own(slot >>> CHUNK_BITS);
    this.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = value === null ? NaN : value;
  }

  /**
   * Visits the slots whose number is less than `limit`, in order, and may set that of the visited one. A step for each
   * chunk: a slot that comes or changes between two steps may be visited or not.
   */
  *below(limit: number, visit: (slot: Slot, value: number) => void): Loading {
    for (let chunk = 0; chunk < this.list.length; chunk++) {
      const { length } = this.list[chunk];
      for (let at = 0; at < length; at++) {
        const value = this.list[chunk][at];
        if (value < limit) visit((chunk << CHUNK_BITS) + at, value);
      }
      yield;
    }
  }
}

/**
 * A slot of any table for each slot, NO_SLOT for a new one; or another 32-bit integer (a negative mark below that, a
 * count), whose meaning is the user's. 4 bytes each.
 */
export class SlotCells extends Chunks<Int32Array> {
  /** `empty`: what a new slot holds. */
  constructor({ empty = NO_SLOT }: { readonly empty?: number } = {}) {
    super(Int32Array, empty);
  }

  get(slot: Slot): Slot {
    return this.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
  }

  set(slot: Slot, value: Slot): void {
    if (this.loans.any) this.loans.own(slot >>> CHUNK_BITS);
    this.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = value;
  }
}
