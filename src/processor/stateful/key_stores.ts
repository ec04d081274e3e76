import type { KeyValueStore } from "../../dsl/processors.ts";
import { compareText } from "../../record/text_order.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";
import type { Element } from "../../state/keyed_elements.ts";

/** The state of an element: what one store has under one key. */
type Entry = readonly [store: string, key: string, value: unknown];

/** What a call has made of an entry. `element`: it was there before; `value` undefined: it is to be deleted. */
export interface EntryChange {
  readonly element: Element | null;
  readonly entry: Entry | null;
}

/** The stores of one key during one call: what is there, and what the call changes, which counts when it is over. */
export class KeyStores {
  readonly #there = new Map<string, Element>();
  readonly #changed = new Map<string, Entry | null>();

  /** `elements`: the entries of the key. */
  constructor(elements: readonly Element[]) {
    for (const element of elements) {
      const [store, key] = entryOf(element);
      this.#there.set(nameOf(store, key), element);
    }
  }

  store(store: string): KeyValueStore<unknown> {
    return {
      get: (key) => this.#read(nameOf(store, key))?.[2],
      put: (key, value) => void this.#changed.set(nameOf(store, key), [store, key, kept(value)]),
      delete: (key) => void this.#changed.set(nameOf(store, key), null),
      entries: () => this.#entries(store),
    };
  }

  /** In the order in which they were changed first. */
  *changes(): Generator<EntryChange> {
    for (const [name, entry] of this.#changed) {
      const element = this.#there.get(name) ?? null;
      if (element !== null || entry !== null) yield { element, entry };
    }
  }

  #read(name: string): Entry | null {
    const changed = this.#changed.get(name);
    if (changed !== undefined) return changed;
    const element = this.#there.get(name);
    return element === undefined ? null : entryOf(element);
  }

  #entries(store: string): [string, unknown][] {
    const names = new Set([...this.#there.keys(), ...this.#changed.keys()]);
    const entries = [...names].map((name) => this.#read(name)).filter((entry) => entry !== null && entry[0] === store);
    return entries.map((entry): [string, unknown] => [entry![1], entry![2]]).sort(([a], [b]) => compareText(a, b));
  }
}

/** What an element of a processor has in one of its stores; null for one that is no entry, but a scheduled time. */
export function storedEntry(element: Element): { readonly store: string; readonly key: string; value: unknown } | null {
  if (!Array.isArray(element.state)) return null;
  const [store, key, value] = entryOf(element);
  return { store, key, value };
}

function nameOf(store: string, key: string): string {
  return JSON.stringify([store, key]);
}

function entryOf({ state }: Element): Entry {
  const [store, key, value] = state as Entry;
  return [store, key, frozen(value)];
}

/** A copy that nobody changes, as it would be read back. @throws TypeError for what is no plain data */
function kept(value: unknown): unknown {
  return frozen(decodeWire(encodeWire(value)));
}

function frozen(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
