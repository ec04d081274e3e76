import { CHUNK_BITS, CHUNK_MASK, CHUNK_SLOTS, chunkLengthFor, slotsOfChunk } from "./chunks.ts";
import { heapBytesOf } from "./heap_bytes.ts";
import { type Lent, Loans } from "./loans.ts";
import { loadNumbers, loadSlots, misfit, saveNumbers } from "./sections.ts";
import {
  type LaterSections,
  type Loading,
  ownSections,
  type SectionReader,
  type SectionWriter,
  type Slot,
  type SlotPart,
  STEP_SLOTS,
} from "./slots.ts";
import { valueOfText, valueText } from "./value_text.ts";

/** Any value for each slot as it is, null for a new one. A chunk in which all are null takes nothing. */
export class HeapCells<T> implements SlotPart {
  readonly #chunks: ((T | null)[] | undefined)[] = [];
  readonly #loans = new Loans<(T | null)[]>(this.#chunks as (T | null)[][]);
  readonly #isValue: (value: unknown) => value is T;
  #slots = 0;
  #heapBytes = 0;

  /** `isValue`: whether what a snapshot holds can be a value. */
  constructor(isValue: (value: unknown) => value is T) {
    this.#isValue = isValue;
  }

  get(slot: Slot): T | null {
    const chunk = this.#chunks[slot >>> CHUNK_BITS];
    const at = slot & CHUNK_MASK;
    return chunk === undefined || at >= chunk.length ? null : chunk[at];
  }

  set(slot: Slot, value: T | null): void {
    const held = this.get(slot);
    if (held === value) return;
    if (this.#loans.any) this.#loans.own(slot >>> CHUNK_BITS);
    this.#heapBytes += heapBytesOf(value) - heapBytesOf(held);
    this.#chunkFor(slot)[slot & CHUNK_MASK] = value;
  }

  #chunkFor(slot: Slot): (T | null)[] {
    const index = slot >>> CHUNK_BITS;
    const held = this.#chunks[index];
    if (held !== undefined && (slot & CHUNK_MASK) < held.length) return held;
    const longer = new Array<T | null>(chunkLengthFor(slot)).fill(null);
    held?.forEach((value, at) => longer[at] = value);
    this.#loans.replaced(index);
    return this.#chunks[index] = longer;
  }

  grow(slot: Slot): void {
    if (slot < this.#slots) return;
    this.#slots = slot + 1;
    while (this.#chunks.length <= slot >>> CHUNK_BITS) this.#chunks.push(undefined);
  }

  clear(slot: Slot): void {
    this.set(slot, null);
  }

  get bytes(): number {
    let bytes = this.#heapBytes;
    for (const chunk of this.#chunks) if (chunk !== undefined) bytes += 8 * chunk.length;
    return bytes;
  }

  save(to: SectionWriter): void {
    saveNumbers(to, [this.#slots]);
    this.#chunks.forEach((chunk, at) => to.later(chunk === undefined ? NO_VALUES : valuesOf(this.#loans.lend(at))));
  }

  *load(from: SectionReader): Loading {
    const slots = loadSlots(from, this.#slots);
    if (slots > 0) this.grow(slots - 1);
    for (let chunk = 0; chunk < this.#chunks.length; chunk++) {
      for (const piece of loadPlaced(from, slotsOfChunk(chunk, slots))) {
        for (const [at, value] of piece) {
          if (!this.#isValue(value)) throw misfit(`a ${typeof value} at place ${at}`);
          this.set(chunk * CHUNK_SLOTS + at, value);
        }
        yield;
      }
    }
  }
}

/** A chunk that was lent. */
function valuesOf({ chunk, release }: Lent<readonly unknown[]>): LaterSections {
  return {
    *write(to) {
      const places: number[] = [];
      const values: unknown[] = [];
      chunk.forEach((value, at) => {
        if (value === null) return;
        places.push(at);
        values.push(value);
      });
      yield* savePlaced(to, { places, values });
    },
    release,
  };
}

const NO_VALUES = ownSections((to) => savePlaced(to, { places: [], values: [] }));

/** Writes values, none of them null, at growing places. Where all of a step are texts, they are written as they are. */
export function* savePlaced(
  to: SectionWriter,
  { places, values }: { readonly places: readonly number[]; readonly values: readonly unknown[] },
): Loading {
  saveNumbers(to, [Math.ceil(places.length / STEP_SLOTS)]);
  for (let from = 0; from < places.length; from += STEP_SLOTS) {
    const { plain, texts } = textsOf(values.slice(from, from + STEP_SLOTS));
    saveNumbers(to, [plain ? 1 : 0]);
    to.array(Int32Array.from(places.slice(from, from + STEP_SLOTS)));
    to.texts(texts);
    yield;
  }
}

/** Texts for values, null for null; `plain`: all are texts or null, and stand for themselves. */
export function textsOf(
  values: readonly unknown[],
): { readonly plain: boolean; readonly texts: readonly (string | null)[] } {
  const plain = values.every((value) => value === null || typeof value === "string");
  const textOf = (value: unknown) => value === null ? null : valueText(value);
  return { plain, texts: plain ? values as readonly (string | null)[] : values.map(textOf) };
}

/**
 * What {@link savePlaced} wrote, at places below `end`: those of one step at a time.
 * @throws RangeError if it is anything else
 */
export function* loadPlaced(from: SectionReader, end: number): Generator<[at: number, value: unknown][]> {
  const [pieces] = loadNumbers(from, 1);
  let before = -1;
  for (let piece = 0; piece < pieces; piece++) {
    const [plain] = loadNumbers(from, 1);
    const places = from.array(Int32Array);
    const texts = from.texts();
    if (texts.length !== places.length) throw misfit(`${texts.length} values at ${places.length} places`);
    const placed: [at: number, value: unknown][] = [];
    for (let index = 0; index < places.length; index++) {
      const at = places[index];
      if (at <= before || at >= end) throw misfit(`a value at place ${at} of ${end}`);
      before = at;
      const value = plain === 1 ? texts[index] : loadValue(texts[index]);
      if (value === null) throw misfit(`null at place ${at}`);
      placed.push([at, value]);
    }
    yield placed;
  }
}

/** @throws RangeError for what is no text of a value */
export function loadValue(text: string | null): unknown {
  if (text === null) return null;
  try {
    return valueOfText(text);
  } catch (cause) {
    throw misfit(`"${text.slice(0, 40)}" is no value (${(cause as Error).message})`);
  }
}
