import { heapBytesOf, mapBytes } from "./heap_bytes.ts";
import { misfit } from "./sections.ts";

/** The id of null. */
export const NULL_WORD = 0;
/** The id that stands for a value beside the words. */
export const OTHER_WORD = 1;
/** Words of one column at most: growing a Map of more would stop everything for longer than 10 ms. */
const WORDS_MAX = 131_072;
/** Different texts, as a share of a chunk, below which those to come may be words after all. */
const REPEATED_SHARE = 1 / 4;
/** Words that are always taken; of more than that each must be used twice on average. */
const WORDS_FREE = 256;

/** The different texts of a column in which many are equal: each kept once, counted, and called by a number. */
export class WordList {
  /** By id; null for an id that is free. */
  readonly texts: (string | null)[] = [null, null];
  readonly #counts: number[] = [0, 0];
  readonly #ids = new Map<string, number>();
  readonly #free: number[] = [];
  #uses = 0;
  #heapBytes = 0;
  /** Words that are taken before each must be used twice on average. */
  #taken = WORDS_FREE;
  /** Too few texts were equal for words to pay: further texts of this column are kept as they are. */
  abandoned = false;

  /** `values`: those of a whole chunk. The first texts of a column may all have been different by chance. */
  reconsider(values: readonly unknown[]): void {
    const different = new Set<string>();
    for (const value of values) {
      if (typeof value === "string" && different.add(value).size > values.length * REPEATED_SHARE) return;
    }
    this.abandoned = different.size === 0;
    // As many different ones may come before the first is repeated, and as many new ones.
    this.#taken = Math.max(WORDS_FREE, 2 * different.size);
  }

  /** The id of `text`, used once more; {@link OTHER_WORD} if it is new and few texts are equal, or there is no room. */
  acquire(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      const words = this.#ids.size;
      if (words >= WORDS_MAX || (words >= this.#taken && words * 2 > this.#uses)) return OTHER_WORD;
      id = this.#free.pop() ?? this.texts.length;
      this.#name(id, text);
    }
    this.#counts[id]++;
    this.#uses++;
    return id;
  }

  #name(id: number, text: string): void {
    this.#ids.set(text, id);
    this.texts[id] = text;
    this.#counts[id] = 0;
    this.#heapBytes += heapBytesOf(text);
  }

  /** `id` is used once less, and free when that was its last use. */
  release(id: number): void {
    if (id <= OTHER_WORD) return;
    this.#uses--;
    if (--this.#counts[id] > 0) return;
    const text = this.texts[id] as string;
    this.#ids.delete(text);
    this.texts[id] = null;
    this.#heapBytes -= heapBytesOf(text);
    this.#free.push(id);
  }

  /** On the heap, as estimated. */
  get bytes(): number {
    return this.#heapBytes + mapBytes(this.#ids.size) + this.texts.length * 16;
  }

  /** All words by id, into an empty list; none is used yet. @throws RangeError for a text that is there twice */
  restore(texts: readonly (string | null)[]): void {
    if (texts.length <= OTHER_WORD || texts[NULL_WORD] !== null || texts[OTHER_WORD] !== null) {
      throw misfit("words begin with two free ids");
    }
    for (let id = OTHER_WORD + 1; id < texts.length; id++) {
      const text = texts[id];
      this.texts[id] = null;
      this.#counts[id] = 0;
      if (text === null) this.#free.push(id);
      else if (this.#ids.has(text)) throw misfit(`the word "${text.slice(0, 40)}" is there twice`);
      else this.#name(id, text);
    }
  }

  /** As {@link acquire}, by its id. @throws RangeError for an id without a word */
  use(id: number): void {
    if (id <= OTHER_WORD) return;
    if (!(id < this.texts.length) || this.texts[id] === null) throw misfit(`there is no word ${id}`);
    this.#counts[id]++;
    this.#uses++;
  }
}
