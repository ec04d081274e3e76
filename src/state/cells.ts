import { CHUNK_BITS, CHUNK_MASK, Chunks } from "./chunks.ts";
import { NO_SLOT, type SectionReader, type SectionWriter, type Slot, type SlotPart } from "./slots.ts";

/** One byte for each slot, 0 for a new one: flags. */
export class ByteCells implements SlotPart {
  readonly #chunks = new Chunks(Uint8Array, 0);

  get(slot: Slot): number {
    return this.#chunks.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
  }

  /** `value`: 0 to 255. */
  set(slot: Slot, value: number): void {
    this.#chunks.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = value;
  }

  grow(slot: Slot): void {
    this.#chunks.grow(slot);
  }

  clear(slot: Slot): void {
    this.set(slot, 0);
  }

  get bytes(): number {
    return this.#chunks.bytes;
  }

  save(to: SectionWriter): void {
    this.#chunks.save(to);
  }

  load(from: SectionReader): void {
    this.#chunks.load(from);
  }
}

/** A number for each slot, null for a new one: digests. 8 bytes each; NaN stands for null, so NaN is none. */
export class NumberCells implements SlotPart {
  readonly #chunks = new Chunks(Float64Array, NaN);

  get(slot: Slot): number | null {
    const value = this.#chunks.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
    return value === value ? value : null;
  }

  set(slot: Slot, value: number | null): void {
    this.#chunks.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = value === null ? NaN : value;
  }

  grow(slot: Slot): void {
    this.#chunks.grow(slot);
  }

  clear(slot: Slot): void {
    this.set(slot, null);
  }

  get bytes(): number {
    return this.#chunks.bytes;
  }

  save(to: SectionWriter): void {
    this.#chunks.save(to);
  }

  load(from: SectionReader): void {
    this.#chunks.load(from);
  }
}

/**
 * A slot of any table for each slot, NO_SLOT for a new one; or a negative mark below that, whose meaning is the user's.
 * 4 bytes each.
 */
export class SlotCells implements SlotPart {
  readonly #chunks = new Chunks(Int32Array, NO_SLOT);

  get(slot: Slot): Slot {
    return this.#chunks.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
  }

  set(slot: Slot, value: Slot): void {
    this.#chunks.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = value;
  }

  grow(slot: Slot): void {
    this.#chunks.grow(slot);
  }

  clear(slot: Slot): void {
    this.set(slot, NO_SLOT);
  }

  get bytes(): number {
    return this.#chunks.bytes;
  }

  save(to: SectionWriter): void {
    this.#chunks.save(to);
  }

  load(from: SectionReader): void {
    this.#chunks.load(from);
  }
}
