import { type Key, keyText } from "../record/key.ts";
import { compareText } from "../record/text_order.ts";
import { compareElements, type Element } from "./element.ts";

/** When an element of a key is due. */
export interface Due {
  readonly atUs: number;
  readonly key: Key;
  readonly element: Element;
}

/**
 * What is due, by time: a heap. Of one time the order is that of the elements and keys, whatever was added first.
 *
 * Hand-written: the order of what is due at one time is part of what comes out, and it must be seen as a whole, too.
 */
export class DueHeap {
  readonly #heap: Due[] = [];

  /** What is due first; null if nothing is. */
  get first(): Due | null {
    return this.#heap.at(0) ?? null;
  }

  /** All of it, in no order. */
  [Symbol.iterator](): Iterator<Due> {
    return this.#heap.values();
  }

  push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at], heap[parent])) break;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  }

  /** Takes the first out. There must be one. */
  pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && isBefore(heap[left], heap[least])) least = left;
      if (right < heap.length && isBefore(heap[right], heap[least])) least = right;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least], heap[at]];
      at = least;
    }
  }
}

/** One order, whatever was read back in which order. */
function isBefore(a: Due, b: Due): boolean {
  const order = a.atUs - b.atUs || compareElements(a.element, b.element) || compareText(keyText(a.key), keyText(b.key));
  return order < 0;
}
