import type { Key } from "../../record/key.ts";
import { type Element, firstFrom } from "../../state/element.ts";
import { storedEntry } from "./stored_entry.ts";

/** Keys with more entries have an index; those of others are looked through at each call. */
const FEW = 32;

/** The entries of key-value stores by store and text: of each key, found without looking through all of them. */
export class TextEntries {
  readonly #many = new Map<Key, Map<string, Element>>();

  /** By {@link textName}. A view: changes with {@link TextEntries.put} and {@link TextEntries.remove}. */
  of(key: Key, elements: readonly Element[]): ReadonlyMap<string, Element> {
    const known = this.#many.get(key);
    if (known !== undefined) return known;
    const found = new Map<string, Element>();
    for (let at = firstFrom(elements, 0); elements[at]?.start === 0; at++) {
      const entry = storedEntry(elements[at]);
      if (typeof entry?.at === "string") found.set(textName(entry.store, entry.at), elements[at]);
    }
    if (found.size > FEW) this.#many.set(key, found);
    return found;
  }

  put(key: Key, name: string, element: Element): void {
    this.#many.get(key)?.set(name, element);
  }

  remove(key: Key, name: string): void {
    const known = this.#many.get(key);
    known?.delete(name);
    if (known !== undefined && known.size <= FEW) this.#many.delete(key);
  }
}

/** Names an entry of a key-value store among those of all stores of its key. */
export function textName(store: string, key: string): string {
  return JSON.stringify([store, key]);
}
