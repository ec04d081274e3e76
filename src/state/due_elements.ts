import { type Key, keyText } from "../record/key.ts";
import { compareText } from "../record/text_order.ts";
import { compareElements, type Element } from "./element.ts";

/** Children of a place: those of one lie side by side, and a heap of four has half as many levels. */
const CHILDREN = 4;

/**
 * A heap of elements by time, of one time in the order of their starts, ends and keys. The times are in an array of
 * their own: most comparisons look at nothing else, and objects all over the memory are what such a heap costs.
 *
 * Hand-written, as queues of libraries keep an object for each item.
 */
export class DueElements<K extends { readonly key: Key }> {
  readonly #times: number[] = [];
  readonly #keys: K[] = [];
  readonly #elements: Element[] = [];

  get size(): number {
    return this.#times.length;
  }

  /** When the first one is due. */
  get atUs(): number {
    return this.#times[0];
  }

  /** Whose the first one is. */
  get ofKey(): K {
    return this.#keys[0];
  }

  get element(): Element {
    return this.#elements[0];
  }

  /** In any order. */
  forEach(look: (ofKey: K, due: { readonly element: Element; readonly atUs: number }) => void): void {
    for (let at = 0; at < this.size; at++) look(this.#keys[at], { element: this.#elements[at], atUs: this.#times[at] });
  }

  push(atUs: number, { ofKey, element }: { readonly ofKey: K; readonly element: Element }): void {
    let at = this.#times.length;
    this.#times.push(atUs);
    this.#keys.push(ofKey);
    this.#elements.push(element);
    while (at > 0) {
      const parent = Math.floor((at - 1) / CHILDREN);
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes the first one out. */
  pop(): void {
    const last = this.#times.length - 1;
    this.#swap(0, last);
    this.#times.pop();
    this.#keys.pop();
    this.#elements.pop();
    for (let at = 0;;) {
      const first = CHILDREN * at + 1;
      let least = at;
      for (let child = first; child < first + CHILDREN && child < last; child++) {
        if (this.#isBefore(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  /** One order, whatever was read back in which order. */
  #isBefore(a: number, b: number): boolean {
    const order = this.#times[a] - this.#times[b] || compareElements(this.#elements[a], this.#elements[b]);
    return order < 0 || (order === 0 && compareText(keyText(this.#keys[a].key), keyText(this.#keys[b].key)) < 0);
  }

  #swap(a: number, b: number): void {
    [this.#times[a], this.#times[b]] = [this.#times[b], this.#times[a]];
    [this.#keys[a], this.#keys[b]] = [this.#keys[b], this.#keys[a]];
    [this.#elements[a], this.#elements[b]] = [this.#elements[b], this.#elements[a]];
  }
}
