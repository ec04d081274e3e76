import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { type Element, firstFrom } from "../../state/element.ts";
import type { KeyedElements } from "../../state/keyed_elements.ts";
import type { EntryChange } from "./key_stores.ts";
import { bordersOf, isRemoved, nextSeq, overUs, stateOf } from "./stored_entry.ts";
import { type TextEntries, textName } from "./text_entries.ts";

/** Of which key entries are changed, and when. */
export interface ChangedKey {
  readonly key: Key;
  readonly columns: Row;
  readonly timestampUs: number;
}

/** The elements of a processor's stores: what calls make of entries becomes what is kept. */
export class EntryElements {
  readonly #elements: KeyedElements;
  readonly #texts: TextEntries;

  constructor(elements: KeyedElements, texts: TextEntries) {
    this.#elements = elements;
    this.#texts = texts;
  }

  /**
   * What a call has changed. An entry of a time that is removed stays as its place until it would be over: from then on
   * time alone tells whoever reads back what a former owner wrote that it is gone, and it leaves no trace.
   */
  apply(changes: readonly EntryChange[], of: ChangedKey): void {
    // Sessions that grow take the places of those that they were before, which then need none of their own.
    for (const change of changes) if (change.value === undefined) this.#remove(change, of);
    const put = changes.filter(({ value }) => value !== undefined);
    // First those that have a place, or another one might take it.
    for (const change of put) if (change.element !== null) this.#put(change, of);
    for (const change of put) if (change.element === null) this.#put(change, of);
  }

  #remove({ spec, at, element }: EntryChange, of: ChangedKey): void {
    if (element === null || isRemoved(element, spec.name)) return;
    if (typeof at === "string") {
      this.#elements.remove(of.key, element);
      this.#texts.remove(of.key, textName(spec.name, at));
    } else this.#set({ spec, at, value: undefined }, { of, seq: element.seq });
  }

  #put({ element, ...change }: EntryChange, of: ChangedKey): void {
    const { spec, at } = change;
    const borders = bordersOf(at);
    const seq = element?.seq ?? this.#freed(spec.name, { key: of.key, borders }) ??
      nextSeq(this.#elements.of(of.key), borders);
    const put = this.#set(change, { of, seq });
    if (typeof at === "string") this.#texts.put(of.key, textName(spec.name, at), put);
  }

  /**
   * Takes out what was removed and began then, and gives its number. It must not have ended later: what a former owner
   * wrote of it would not be over yet when the new one is, and come back.
   */
  #freed(
    store: string,
    { key, borders: { start, end } }: { readonly key: Key; readonly borders: Pick<Element, "start" | "end"> },
  ): number | null {
    const elements = this.#elements.of(key);
    for (let place = firstFrom(elements, start); elements[place]?.start === start; place++) {
      if (!isRemoved(elements[place], store) || elements[place].end > end) continue;
      const { seq } = elements[place];
      this.#elements.remove(key, elements[place]);
      return seq;
    }
    return null;
  }

  #set(
    { spec, at, value }: Omit<EntryChange, "element">,
    { of: { key, columns, timestampUs }, seq }: { readonly of: ChangedKey; readonly seq: number },
  ): Element {
    const state = stateOf({ store: spec.name, at, value });
    const element = { ...bordersOf(at), seq, timestampUs, state, shown: false };
    this.#elements.put({ key, columns }, { element, dueUs: overUs(spec, element) });
    return element;
  }
}
