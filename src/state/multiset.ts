import { Decimal } from "../record/decimal.ts";

/** Values that have an order. All values of one multiset are of one kind. */
export type Ordered = number | bigint | string | Decimal;

/** -1, 0 or 1. @throws TypeError for values of different kinds */
export function compareOrdered(a: Ordered, b: Ordered): number {
  if (a instanceof Decimal || b instanceof Decimal) return asDecimal(a).compare(asDecimal(b));
  if (typeof a === "string" !== (typeof b === "string")) {
    throw new TypeError(`Cannot compare ${typeof a} with ${typeof b}: return values of one type`);
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function asDecimal(value: Ordered): Decimal {
  if (value instanceof Decimal) return value;
  if (typeof value === "string") throw new TypeError("Cannot compare text with a decimal: return values of one type");
  return Decimal.of(value);
}

function identity(value: Ordered): string | number | bigint {
  if (!(value instanceof Decimal)) return value;
  const text = value.toString();
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/**
 * A bag of values that knows its first one in an order, exactly under removal: a heap in which removed values stay until they come up.
 */
export class Multiset {
  readonly #counts = new Map<string | number | bigint, number>();
  readonly #heap: Ordered[] = [];
  readonly #sign: number;

  /** `sign` 1: the first is the smallest; -1: the greatest. */
  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  add(value: Ordered): void {
    const id = identity(value);
    const count = this.#counts.get(id);
    this.#counts.set(id, (count ?? 0) + 1);
    if (count === undefined) this.#push(value);
  }

  remove(value: Ordered): void {
    const id = identity(value);
    const count = this.#counts.get(id);
    if (count === undefined) return;
    // A count of 0 stays while the value is still in the heap, so that no value is in the heap twice.
    this.#counts.set(id, count - 1);
  }

  /** The first value, or null when there is none. */
  first(): Ordered | null {
    while (this.#heap.length > 0) {
      const top = this.#heap[0];
      const id = identity(top);
      if (this.#counts.get(id)! > 0) return top;
      this.#counts.delete(id);
      this.#pop();
    }
    return null;
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
