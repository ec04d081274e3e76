import { CHUNK_BITS, CHUNK_MASK, CHUNK_SLOTS, chunkLengthFor, slotsOfChunk } from "./chunks.ts";
import { lentChunk, loadChunk } from "./chunk_sections.ts";
import { loadSlots, saveNumbers } from "./sections.ts";
import type { Loading, SectionReader, SectionWriter, Slot, SlotPart } from "./slots.ts";
import { ValueChunk } from "./value_chunk.ts";
import { WordList } from "./word_list.ts";

/**
 * One column of any values: what is given comes back exactly. Each 65,536 slots find their own form, so that a value of
 * another form costs a copy of these at most.
 */
export class ValueCells implements SlotPart {
  /** For functions compiled on top of this: `row_shape.ts`. */
  readonly chunks: ValueChunk[] = [];
  readonly words: WordList = new WordList();
  #slots = 0;

  /** Null for a new slot. */
  get(slot: Slot): unknown {
    return this.chunks[slot >>> CHUNK_BITS].get(slot & CHUNK_MASK);
  }

  /** `wireEquals` of the value held and this one. */
  equals(slot: Slot, value: unknown): boolean {
    return this.chunks[slot >>> CHUNK_BITS].equals(slot & CHUNK_MASK, value);
  }

  /** Exactly this value from now on, also where it equals the one held: 1.5 instead of 1.50. */
  set(slot: Slot, value: unknown): void {
    this.chunks[slot >>> CHUNK_BITS].set(slot & CHUNK_MASK, value);
  }

  /** As {@link set}; false for a value that equals the one held, which stays. */
  put(slot: Slot, value: unknown): boolean {
    if (this.equals(slot, value)) return false;
    this.set(slot, value);
    return true;
  }

  grow(slot: Slot): void {
    if (slot < this.#slots) return;
    this.#slots = slot + 1;
    const last = slot >>> CHUNK_BITS;
    for (let chunk = Math.max(0, this.chunks.length - 1); chunk <= last; chunk++) {
      const length = chunk < last ? CHUNK_SLOTS : chunkLengthFor(slot);
      if (chunk < this.chunks.length) this.chunks[chunk].lengthen(length);
      else {
        if (this.words.abandoned) this.words.reconsider(this.chunks[chunk - 1]?.values ?? []);
        this.chunks.push(new ValueChunk(length, this.words));
      }
    }
  }

  /** Slots grown to. */
  get slots(): number {
    return this.#slots;
  }

  clear(slot: Slot): void {
    this.set(slot, null);
  }

  get bytes(): number {
    let bytes = this.words.bytes;
    for (const chunk of this.chunks) bytes += chunk.bytes;
    return bytes;
  }

  save(to: SectionWriter): void {
    saveNumbers(to, [this.#slots]);
    to.texts(this.words.texts);
    this.chunks.forEach((chunk, at) => to.later(lentChunk(chunk.lend(), slotsOfChunk(at, this.#slots))));
  }

  *load(from: SectionReader): Loading {
    const slots = loadSlots(from, this.#slots);
    if (slots > 0) this.grow(slots - 1);
    this.words.restore(from.texts());
    for (const [at, chunk] of this.chunks.entries()) {
      yield* loadChunk(chunk, { used: slotsOfChunk(at, slots), from, words: this.words });
      yield;
    }
  }
}
