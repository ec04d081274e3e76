import { Decimal } from "../record/decimal.ts";
import { compareText } from "../record/text_order.ts";

/** Values that have an order. All values of one multiset are numbers, whatever their form, or all are texts. */
export type Ordered = number | bigint | string | Decimal;

/** Whether a value has a place in the order of numbers, or in that of texts. */
export function isOrdered(value: unknown): value is Ordered {
  return value instanceof Decimal || typeof value === "bigint" || typeof value === "string" || Number.isFinite(value);
}

/**
 * -1, 0 or 1: numbers of all forms by value, texts by code point. One order everywhere, also in ClickHouse, so that an
 * answer does not depend on how many tasks share a group. @throws TypeError for a text beside a number
 */
export function compareOrdered(a: Ordered, b: Ordered): number {
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "string" || typeof b === "string") {
    throw new TypeError(`Cannot compare ${typeof a} with ${typeof b}: return values of one type`);
  }
  if (a instanceof Decimal && b instanceof Decimal) return a.compare(b);
  if (!(a instanceof Decimal) && !(b instanceof Decimal)) return a < b ? -1 : a > b ? 1 : 0;
  return compareFractions(fractionOf(a), fractionOf(b));
}

/** An exact fraction: numerator and denominator. */
type Fraction = readonly [bigint, bigint];

function compareFractions([a, under]: Fraction, [b, below]: Fraction): number {
  const left = a * below;
  const right = b * under;
  return left < right ? -1 : left > right ? 1 : 0;
}

function fractionOf(value: number | bigint | Decimal): Fraction {
  if (value instanceof Decimal) return [BigInt(value.units), 10n ** BigInt(value.scale)];
  if (typeof value === "bigint") return [value, 1n];
  let twos = 0n;
  // What is no integer is below 2^53: doubling it is exact and comes to an end.
  for (; !Number.isInteger(value); value *= 2) twos++;
  return [BigInt(value), 1n << twos];
}

function identity(value: Ordered): string | number | bigint {
  if (!(value instanceof Decimal)) return value;
  const text = value.toString();
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Removed values that may stay in the heap, however few others there are. */
const REMOVED_MAX = 32;

/**
 * A bag of values that knows its first one in an order, exactly under removal: a heap in which removed values stay
 * until they come up, or until they are more than half of it.
 */
export class Multiset {
  readonly #counts = new Map<string | number | bigint, number>();
  #heap: Ordered[] = [];
  /** Values in the heap that are counted 0 times. */
  #removed = 0;
  readonly #sign: number;

  /** `sign` 1: the first is the smallest; -1: the greatest. */
  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  /** Different values held in memory, removed ones included. */
  get size(): number {
    return this.#heap.length;
  }

  add(value: Ordered): void {
    const id = identity(value);
    const count = this.#counts.get(id);
    this.#counts.set(id, (count ?? 0) + 1);
    if (count === undefined) this.#push(value);
    else if (count === 0) this.#removed--;
  }

  remove(value: Ordered): void {
    const id = identity(value);
    const count = this.#counts.get(id);
    if (count === undefined || count === 0) return;
    // A count of 0 stays while the value is still in the heap, so that no value is in the heap twice.
    this.#counts.set(id, count - 1);
    if (count === 1 && ++this.#removed > REMOVED_MAX && this.#removed * 2 > this.#heap.length) this.#sweep();
  }

  /** The first value, or null when there is none. */
  first(): Ordered | null {
    while (this.#heap.length > 0) {
      const top = this.#heap[0];
      const id = identity(top);
      if (this.#counts.get(id)! > 0) return top;
      this.#counts.delete(id);
      this.#removed--;
      this.#pop();
    }
    return null;
  }

  /** Throws away removed values. */
  #sweep(): void {
    const values = this.#heap;
    this.#heap = [];
    this.#removed = 0;
    for (const value of values) {
      const id = identity(value);
      if (this.#counts.get(id)! > 0) this.#push(value);
      else this.#counts.delete(id);
    }
  }

  #before(a: Ordered, b: Ordered): boolean {
    return compareOrdered(a, b) * this.#sign < 0;
  }

  #push(value: Ordered): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!this.#before(value, heap[up])) break;
      heap[at] = heap[up];
      at = up;
    }
    heap[at] = value;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    while (true) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && this.#before(heap[down + 1], heap[down])) down++;
      if (!this.#before(heap[down], last)) break;
      heap[at] = heap[down];
      at = down;
    }
    heap[at] = last;
  }
}
