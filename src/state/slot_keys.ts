import type { Key } from "../record/key.ts";
import { CHUNK_BITS, CHUNK_MASK, CHUNK_SLOTS, chunkLengthFor, slotsOfChunk } from "./chunks.ts";
import { HeapCells } from "./heap_cells.ts";
import { Loans } from "./loans.ts";
import { lentArray, loadNumbers, loadSlots, misfit, saveNumbers } from "./sections.ts";
import type { Loading, SectionReader, SectionWriter, Slot } from "./slots.ts";

/** In 4 bytes: no integer key. In 8 bytes NaN says so. */
const NONE = -(2 ** 31);

/** The key of each slot, null for a free one: integers in 4 bytes while a chunk's keys allow, then 8; texts as such. */
export class SlotKeys {
  /** Chunks of the integer keys, as `KeyIndex` reads them. */
  readonly integers: (Int32Array | Float64Array)[] = [];
  readonly #loans = new Loans<Int32Array | Float64Array>(this.integers);
  readonly #texts = new HeapCells((key): key is string => typeof key === "string");
  #slots = 0;

  get(slot: Slot): Key | null {
    const key = this.integers[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
    if (key !== key) return this.#texts.get(slot);
    if (key !== NONE) return key;
    return this.integers[slot >>> CHUNK_BITS] instanceof Int32Array ? this.#texts.get(slot) : key;
  }

  /** The key of a free slot. */
  set(slot: Slot, key: Key): void {
    if (typeof key === "string") return this.#texts.set(slot, key);
    if (this.#loans.any) this.#loans.own(slot >>> CHUNK_BITS);
    let chunk = this.integers[slot >>> CHUNK_BITS];
    if (chunk instanceof Int32Array && ((key | 0) !== key || key === NONE)) {
      chunk = this.integers[slot >>> CHUNK_BITS] = Float64Array.from(chunk, (held) => held === NONE ? NaN : held);
    }
    chunk[slot & CHUNK_MASK] = key;
  }

  clear(slot: Slot): void {
    if (this.#loans.any) this.#loans.own(slot >>> CHUNK_BITS);
    const chunk = this.integers[slot >>> CHUNK_BITS];
    chunk[slot & CHUNK_MASK] = chunk instanceof Int32Array ? NONE : NaN;
    this.#texts.clear(slot);
  }

  grow(slot: Slot): void {
    if (slot < this.#slots) return;
    this.#slots = slot + 1;
    this.#texts.grow(slot);
    const last = slot >>> CHUNK_BITS;
    for (let index = Math.max(0, this.integers.length - 1); index <= last; index++) {
      const length = index < last ? CHUNK_SLOTS : chunkLengthFor(slot);
      const held = this.integers[index];
      if (held !== undefined && held.length >= length) continue;
      const longer = held instanceof Float64Array
        ? new Float64Array(length).fill(NaN)
        : new Int32Array(length).fill(NONE);
      if (held !== undefined) longer.set(held);
      this.integers[index] = longer;
      this.#loans.replaced(index);
    }
  }

  /** Slots grown to. */
  get slots(): number {
    return this.#slots;
  }

  get bytes(): number {
    let bytes = this.#texts.bytes;
    for (const chunk of this.integers) bytes += chunk.byteLength;
    return bytes;
  }

  save(to: SectionWriter): void {
    saveNumbers(to, [this.#slots]);
    this.integers.forEach((chunk, at) => {
      saveNumbers(to, [chunk instanceof Int32Array ? 4 : 8]);
      to.later(lentArray(this.#loans.lend(at), slotsOfChunk(at, this.#slots)));
    });
    this.#texts.save(to);
  }

  /** Into an object without slots. @throws RangeError for what is no set of keys */
  *load(from: SectionReader): Loading {
    const slots = loadSlots(from, 0);
    if (slots > 0) this.grow(slots - 1);
    for (let index = 0; index < this.integers.length; index++) {
      const [width] = loadNumbers(from, 1);
      const keys = from.array<Int32Array | Float64Array>(width === 4 ? Int32Array : Float64Array);
      const used = slotsOfChunk(index, slots);
      if (keys.length !== used) throw misfit(`${keys.length} keys in a chunk instead of ${used}`);
      if (width !== 4) {
        for (const key of keys) if (key === key && !Number.isSafeInteger(key)) throw misfit(`${key} as a key`);
        this.integers[index] = new Float64Array(this.integers[index].length).fill(NaN);
      }
      this.integers[index].set(keys);
      yield;
    }
    yield* this.#texts.load(from);
  }
}
