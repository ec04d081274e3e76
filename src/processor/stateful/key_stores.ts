import type { KeyValueStore, Session, SessionStore, StoreSpec, WindowStore } from "../../dsl/processor_stores.ts";
import { compareText } from "../../record/text_order.ts";
import { type Element, firstFrom } from "../../state/element.ts";
import { bordersOf, type EntryPlace, isAt, kept, overUs, storedEntry } from "./stored_entry.ts";
import { textName } from "./text_entries.ts";

/** What a call has made of an entry. `value` undefined: it is to be removed. */
export interface EntryChange {
  readonly spec: StoreSpec;
  readonly at: EntryPlace;
  readonly value: unknown;
  /** It was there before, or was removed and is not over yet. */
  readonly element: Element | null;
}

/** What there is of a key when it is called. */
export interface KeyStoresOptions {
  /** All elements of the key. */
  readonly elements: readonly Element[];
  /** Entries of its key-value stores, by {@link textName}. */
  readonly texts: () => ReadonlyMap<string, Element>;
  readonly streamUs: number;
}

type Pending = Omit<EntryChange, "element">;
type OfTime = Exclude<StoreSpec, { kind: "key-value" }>;
type ByTime = [timeUs: number, value: unknown];
type BySession = [session: Session, value: unknown];

/** The stores of one key during one call: what is there, and what the call changes, which counts when it is over. */
export class KeyStores {
  readonly #options: KeyStoresOptions;
  /** By store and place, which every change names in the same way. */
  readonly #changed = new Map<string, Pending>();
  /** Entries that were put too late to be kept. */
  late = 0;

  constructor(options: KeyStoresOptions) {
    this.#options = options;
  }

  store(spec: StoreSpec): KeyValueStore<unknown> | WindowStore<unknown> | SessionStore<unknown> {
    if (spec.kind === "key-value") return this.#keyValue(spec);
    return spec.kind === "window" ? this.#window(spec) : this.#session(spec);
  }

  /** In the order in which they were changed first. */
  changes(): EntryChange[] {
    return [...this.#changed.values()].map((change) => ({ ...change, element: this.#elementAt(change) }));
  }

  #keyValue(spec: StoreSpec): KeyValueStore<unknown> {
    return {
      get: (key) => this.#value(spec, key),
      put: (key, value) => this.#change({ spec, at: key, value: kept(value) }),
      delete: (key) => this.#change({ spec, at: key, value: undefined }),
      entries: () => this.#texts(spec),
    };
  }

  #window(spec: OfTime): WindowStore<unknown> {
    const all = (fromUs: number, toUs: number): ByTime[] =>
      this.#within(spec, { fromUs, toUs })
        .map(([at, value]): ByTime => [at as number, value])
        .filter(([timeUs]) => timeUs >= fromUs)
        .sort(([a], [b]) => a - b);
    const fetch = (fromUs: number, toUs?: number) => toUs === undefined ? this.#value(spec, fromUs) : all(fromUs, toUs);
    return {
      fetch: fetch as WindowStore<unknown>["fetch"],
      backwardFetch: (fromUs, toUs) => all(fromUs, toUs).reverse(),
      put: (timeUs, value) => this.#keep({ spec, at: wholeUs(timeUs), value: kept(value) }),
      delete: (timeUs) => this.#change({ spec, at: wholeUs(timeUs), value: undefined }),
    };
  }

  #session(spec: OfTime): SessionStore<unknown> {
    const find = (earliestEndUs: number, latestStartUs: number): BySession[] =>
      this.#within(spec, { toUs: latestStartUs }).map(([at, value]): BySession => {
        const [startUs, endUs] = at as readonly [number, number];
        return [{ startUs, endUs }, value];
      }).filter(([{ endUs }]) => endUs >= earliestEndUs)
        .sort(([a], [b]) => a.endUs - b.endUs || a.startUs - b.startUs);
    return {
      fetchSession: (session) => this.#value(spec, placeOfSession(session)),
      findSessions: find,
      backwardFindSessions: (earliestEndUs, latestStartUs) => find(earliestEndUs, latestStartUs).reverse(),
      fetch: () => find(-Infinity, Infinity),
      backwardFetch: () => find(-Infinity, Infinity).reverse(),
      put: (session, value) => this.#keep({ spec, at: placeOfSession(session), value: kept(value) }),
      remove: (session) => this.#change({ spec, at: placeOfSession(session), value: undefined }),
    };
  }

  /** Changes an entry, unless it would be over already. */
  #keep(change: Pending): void {
    if (this.#isOver(change.spec, bordersOf(change.at))) this.late++;
    else this.#change(change);
  }

  #change(change: Pending): void {
    this.#changed.set(nameOf(change), change);
  }

  #isOver(spec: StoreSpec, borders: Pick<Element, "end">): boolean {
    return (overUs(spec, borders) ?? Infinity) <= this.#options.streamUs;
  }

  /** Undefined if there is none. */
  #value(spec: StoreSpec, at: EntryPlace): unknown {
    const changed = this.#changed.get(nameOf({ spec, at }));
    if (changed !== undefined) return changed.value;
    const element = this.#elementAt({ spec, at });
    return element === null || this.#isOver(spec, element) ? undefined : storedEntry(element)?.value;
  }

  #elementAt({ spec, at }: Pick<Pending, "spec" | "at">): Element | null {
    const { elements, texts } = this.#options;
    if (typeof at === "string") return texts().get(textName(spec.name, at)) ?? null;
    const { start } = bordersOf(at);
    for (let place = firstFrom(elements, start); elements[place]?.start === start; place++) {
      if (isAt(elements[place], { store: spec.name, at })) return elements[place];
    }
    return null;
  }

  #texts({ name }: StoreSpec): [string, unknown][] {
    const found = new Map<string, unknown>();
    for (const element of this.#options.texts().values()) {
      const { store, at, value } = storedEntry(element)!;
      if (store === name) found.set(at as string, value);
    }
    this.#overwrite(name, (at, value) => {
      if (value === undefined) found.delete(at as string);
      else found.set(at as string, value);
    });
    return [...found].sort(([a], [b]) => compareText(a, b));
  }

  /** Entries that begin from one time to another, both included, and are not over; and maybe others of the call's. */
  #within(
    spec: OfTime,
    { fromUs = -Infinity, toUs }: { readonly fromUs?: number; readonly toUs: number },
  ): [EntryPlace, unknown][] {
    const { elements } = this.#options;
    const found = new Map<string, [EntryPlace, unknown]>();
    for (let place = firstFrom(elements, fromUs); place < elements.length; place++) {
      if (elements[place].start > toUs) break;
      const entry = storedEntry(elements[place]);
      if (entry?.store !== spec.name || this.#isOver(spec, elements[place])) continue;
      found.set(String(entry.at), [entry.at, entry.value]);
    }
    this.#overwrite(spec.name, (at, value) => {
      if (value === undefined || bordersOf(at).start > toUs) found.delete(String(at));
      else found.set(String(at), [at, value]);
    });
    return [...found.values()];
  }

  #overwrite(store: string, change: (at: EntryPlace, value: unknown) => void): void {
    for (const { spec, at, value } of this.#changed.values()) if (spec.name === store) change(at, value);
  }
}

function nameOf({ spec: { name }, at }: Pick<Pending, "spec" | "at">): string {
  return JSON.stringify([name, at]);
}

/** @throws TypeError */
function wholeUs(timeUs: number): number {
  if (Number.isSafeInteger(timeUs)) return timeUs;
  throw new TypeError(`Cannot keep something of ${String(timeUs)}: give microseconds since the epoch, a whole number`);
}

/** @throws TypeError */
function placeOfSession({ startUs, endUs }: Session): readonly [number, number] {
  if (wholeUs(endUs) >= wholeUs(startUs)) return [startUs, endUs];
  throw new TypeError(`Cannot keep a session from ${startUs} to ${endUs}: it ends before it begins`);
}
