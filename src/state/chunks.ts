import { type Lent, Loans } from "./loans.ts";
import { lentArray, loadSlots, misfit, saveNumbers } from "./sections.ts";
import type { Loading, SectionReader, SectionWriter, Slot, SlotPart } from "./slots.ts";

/** Slots of a chunk as a power of two: chunk lists are short, and filling or copying one chunk stalls nobody. */
export const CHUNK_BITS = 16;
export const CHUNK_SLOTS: number = 1 << CHUNK_BITS;
/** Of a slot: its place within its chunk. */
export const CHUNK_MASK: number = CHUNK_SLOTS - 1;

/** Slots of a table's first chunk at the beginning: small tables are small. It doubles until it is a whole one. */
const FIRST_SLOTS = 32;

/** How long the chunk of `slot` must be for it. */
export function chunkLengthFor(slot: Slot): number {
  if (slot >= CHUNK_SLOTS) return CHUNK_SLOTS;
  return slot < FIRST_SLOTS ? FIRST_SLOTS : 1 << (32 - Math.clz32(slot));
}

/** How many of a chunk's slots are in use or were, if the table has given out `slots`. */
export function slotsOfChunk(chunk: number, slots: number): number {
  return Math.min(CHUNK_SLOTS, slots - chunk * CHUNK_SLOTS);
}

/**
 * Chunks of one kind of typed array. Growth adds a chunk; nothing is copied but a first one that is not whole yet. A
 * cell is `list[slot >>> CHUNK_BITS][slot & CHUNK_MASK]`, which `cells.ts` writes out for each kind: a function in
 * common would meet all kinds of arrays and be slow for each.
 */
export class Chunks<T extends Uint8Array | Int32Array | Float64Array> implements SlotPart {
  readonly list: T[] = [];
  /** Chunks that a snapshot still reads: to be asked before each change of a cell. */
  protected readonly loans = new Loans<T>(this.list);
  readonly #make: new (length: number) => T;
  readonly #empty: number;
  #slots = 0;

  /** `empty`: what a cell holds that was never set. */
  constructor(make: new (length: number) => T, empty: number) {
    this.#make = make;
    this.#empty = empty;
  }

  /** Slots grown to. */
  get slots(): number {
    return this.#slots;
  }

  grow(slot: Slot): void {
    if (slot < this.#slots) return;
    this.#slots = slot + 1;
    const last = slot >>> CHUNK_BITS;
    for (let chunk = Math.max(0, this.list.length - 1); chunk <= last; chunk++) {
      const length = chunk < last ? CHUNK_SLOTS : chunkLengthFor(slot);
      const held = this.list[chunk];
      if (held !== undefined && held.length >= length) continue;
      const longer = new this.#make(length);
      if (this.#empty !== 0) longer.fill(this.#empty);
      if (held !== undefined) longer.set(held as never);
      this.list[chunk] = longer;
      this.loans.replaced(chunk);
    }
  }

  clear(slot: Slot): void {
    if (this.loans.any) this.loans.own(slot >>> CHUNK_BITS);
    this.list[slot >>> CHUNK_BITS][slot & CHUNK_MASK] = this.#empty;
  }

  /** Off the heap. */
  get bytes(): number {
    let bytes = 0;
    for (const chunk of this.list) bytes += chunk.byteLength;
    return bytes;
  }

  /** What all slots hold now, by chunk; room for slots to come is empty. */
  lent(): Lent<T>[] {
    return this.list.map((_, at) => this.loans.lend(at));
  }

  save(to: SectionWriter): void {
    saveNumbers(to, [this.#slots]);
    this.lent().forEach((lent, at) => to.later(lentArray(lent, slotsOfChunk(at, this.#slots))));
  }

  /** @throws RangeError for what {@link save} cannot have written */
  *load(from: SectionReader): Loading {
    const slots = loadSlots(from, this.#slots);
    if (slots > 0) this.grow(slots - 1);
    for (let chunk = 0; chunk < this.list.length; chunk++) {
      const values = from.array(this.#make as unknown as new (buffer: ArrayBuffer) => T);
      const used = slotsOfChunk(chunk, slots);
      if (values.length !== used) throw misfit(`${values.length} cells in a chunk instead of ${used}`);
      this.list[chunk].set(values as never);
      yield;
    }
  }
}
