import { CHUNK_BITS, CHUNK_MASK, Chunks } from "./chunks.ts";
import { NO_SLOT, type Slot } from "./slots.ts";

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
