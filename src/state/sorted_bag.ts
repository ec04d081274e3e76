/** Different values in one chunk at most; a full one is divided. */
const CHUNK_VALUES = 64;

interface Chunk<T> {
  /** In order, none of them twice, never empty. */
  readonly values: T[];
  /** How often each of them is in the bag. */
  readonly counts: number[];
}

/**
 * A bag of values that knows the first ones in an order, exactly under removal. Sorted chunks instead of a heap, since
 * of a heap only the first value is known without taking it apart.
 */
export class SortedBag<T> {
  readonly #chunks: Chunk<T>[] = [];
  readonly #compare: (a: T, b: T) => number;
  #size = 0;

  /** `compare`: values of which it says 0 are one and the same. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** How many values are in the bag; what is there twice counts twice. */
  get size(): number {
    return this.#size;
  }

  add(value: T): void {
    this.#size++;
    const at = Math.min(this.#chunkOf(value), this.#chunks.length - 1);
    if (at < 0) {
      this.#chunks.push({ values: [value], counts: [1] });
      return;
    }
    const { values, counts } = this.#chunks[at];
    const place = this.#placeOf(values, value);
    if (place < values.length && this.#compare(values[place], value) === 0) {
      counts[place]++;
      return;
    }
    values.splice(place, 0, value);
    counts.splice(place, 0, 1);
    if (values.length <= CHUNK_VALUES) return;
    const half = values.length >> 1;
    this.#chunks.splice(at + 1, 0, { values: values.splice(half), counts: counts.splice(half) });
  }

  /** One less of this value; nothing if it is not there. */
  remove(value: T): void {
    const at = this.#chunkOf(value);
    if (at === this.#chunks.length) return;
    const { values, counts } = this.#chunks[at];
    const place = this.#placeOf(values, value);
    if (this.#compare(values[place], value) !== 0) return;
    this.#size--;
    if (--counts[place] > 0) return;
    values.splice(place, 1);
    counts.splice(place, 1);
    if (values.length === 0) this.#chunks.splice(at, 1);
  }

  /** The first `most` values in order; what is there twice comes twice. */
  first(most: number): T[] {
    const taken: T[] = [];
    for (const { values, counts } of this.#chunks) {
      for (let place = 0; place < values.length; place++) {
        for (let left = counts[place]; left > 0; left--) {
          if (taken.length === most) return taken;
          taken.push(values[place]);
        }
      }
    }
    return taken;
  }

  /** The last value; undefined for an empty bag. */
  last(): T | undefined {
    return this.#chunks.at(-1)?.values.at(-1);
  }

  /** The first chunk whose last value is not before this one; their number if there is none. */
  #chunkOf(value: T): number {
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#chunks[middle].values.at(-1)!, value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the value is among those of a chunk, or would be. */
  #placeOf(values: readonly T[], value: T): number {
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(values[middle], value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
