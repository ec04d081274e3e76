/** So many are compared one by one; of more the names are kept. */
const FEW = 16;

/** What tells values apart. */
export interface Naming<T> {
  readonly isSame: (a: T, b: T) => boolean;
  /** Equal for those that are the same, and for no others. */
  readonly nameOf: (value: T) => string;
}

/**
 * Values of which a later one replaces the same one before. Made for few of them, which need no names. `P`: what of
 * them tells them apart.
 */
export class Distinct<T extends P, P = T> {
  /** In the order in which the first one of each came. */
  readonly values: T[] = [];
  readonly #naming: Naming<P>;
  #places: Map<string, number> | null = null;

  constructor(naming: Naming<P>) {
    this.#naming = naming;
  }

  /** Returns the one that is replaced; null if there was none. */
  put(value: T): T | null {
    const at = this.#placeOf(value);
    if (at >= 0) {
      const before = this.values[at];
      this.values[at] = value;
      return before;
    }
    this.values.push(value);
    const { nameOf } = this.#naming;
    if (this.#places !== null) this.#places.set(nameOf(value), this.values.length - 1);
    else if (this.values.length > FEW) this.#places = new Map(this.values.map((one, place) => [nameOf(one), place]));
    return null;
  }

  /** The one that is the same as this. */
  find(value: P): T | undefined {
    const at = this.#placeOf(value);
    return at < 0 ? undefined : this.values[at];
  }

  #placeOf(value: P): number {
    const { isSame, nameOf } = this.#naming;
    if (this.#places !== null) return this.#places.get(nameOf(value)) ?? -1;
    for (let at = this.values.length - 1; at >= 0; at--) if (isSame(this.values[at], value)) return at;
    return -1;
  }
}
