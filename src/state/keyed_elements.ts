import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { DueElements } from "./due_elements.ts";
import { type Element, firstFrom, isSame, placeOf } from "./element.ts";
import { type ElementChange, KeyChanges, type NotedChange, NotedChanges } from "./noted_changes.ts";

export type { Element } from "./element.ts";
export type { ElementChange } from "./noted_changes.ts";

interface OfKey {
  readonly key: Key;
  readonly columns: Row;
  /** In the order of start, end, seq. */
  elements: Element[];
  /** When each of them is due; null: never, or it was taken out already. */
  dues: (number | null)[];
  /** What became of them since the last look; null: nothing. */
  changed: KeyChanges | null;
  /** All events of the key below this position are in its elements, if they were read back. */
  position: number;
}

/** An element and its key. */
interface OfKeyed {
  readonly key: Key;
  readonly element: Element;
}

/** Which of several clocks an element waits for, that of each being known from the element alone. */
export interface ElementClocks {
  readonly count: number;
  /** From 0. */
  readonly of: (element: Element) => number;
}

const ONE_CLOCK: ElementClocks = { count: 1, of: () => 0 };

/** The elements of all keys of one stateful operator. What changes is noted for whoever makes it durable. */
export class KeyedElements {
  readonly #keys = new Map<Key, OfKey>();
  readonly #noted = new NotedChanges();
  /**
   * By clock. What was removed meanwhile is passed over when it comes up; an element that is replaced by one that is
   * due at the same time needs no other place in it.
   */
  readonly #due: readonly DueElements<OfKey>[];
  readonly #clocks: ElementClocks;

  constructor(clocks: ElementClocks = ONE_CLOCK) {
    this.#clocks = clocks;
    this.#due = Array.from({ length: clocks.count }, () => new DueElements());
  }

  /** The elements of a key, in the order of start, end, seq. A view: changes with the next call of another method. */
  of(key: Key): readonly Element[] {
    return this.#keys.get(key)?.elements ?? [];
  }

  /** The element of a key that begins then and has this number, wherever it ends; undefined if there is none. */
  find(key: Key, { start, seq }: Pick<Element, "start" | "seq">): Element | undefined {
    const elements = this.of(key);
    for (let at = firstFrom(elements, start); elements[at]?.start === start; at++) {
      if (elements[at].seq === seq) return elements[at];
    }
    return undefined;
  }

  /** The columns of a key; undefined if it has no elements. */
  columnsOf(key: Key): Row | undefined {
    return this.#keys.get(key)?.columns;
  }

  /** All events of the key below this position are in what was read back of it; 0 if nothing was. */
  positionOf(key: Key): number {
    return this.#keys.get(key)?.position ?? 0;
  }

  /** All keys that have elements, or a position. */
  keys(): Iterable<Key> {
    return this.#keys.values().filter(({ elements, position }) => elements.length > 0 || position > 0)
      .map(({ key }) => key);
  }

  /**
   * Adds an element, or replaces the one that begins and ends alike. `dueUs`: {@link KeyedElements.due} gives it when
   * that time has come; null: never.
   */
  put(
    { key, columns }: { readonly key: Key; readonly columns: Row },
    { element, dueUs }: { readonly element: Element; readonly dueUs: number | null },
  ): void {
    const known = this.#known(key, columns);
    const { elements } = known;
    const at = placeOf(elements, element);
    const before = isSame(elements[at], element) ? elements[at] : null;
    const changed = known.changed ??= new KeyChanges(known, elements.length);
    this.#setAt(known, at, { element, dueUs, replaces: before !== null });
    const { noted } = changed;
    noted[at] = this.#noted.note(changed, { kind: "put", element, before, noted: noted[at] });
  }

  /** An element that events ended: it is no result any more. */
  remove(key: Key, element: Element): void {
    this.#end({ key, kind: "gone" }, element);
  }

  /** An element on which nothing depends any more, as time has passed, and which is no result. */
  drop(key: Key, element: Element): void {
    this.#end({ key, kind: "dropped" }, element);
  }

  /**
   * An element that stays what it is for readers, and that nothing here changes any more; or one that goes by time, of
   * which no more need be known than what was said of it last.
   */
  forget(key: Key, element: Element): void {
    const { known, noted } = this.#takeOut(key, element);
    if (noted !== null) known.changed!.keepEnded(noted);
    this.#letGo(known);
  }

  /** What was read back, before anything else is done. `position`: all events of the key below it are in there. */
  load(
    { key, columns, position }: { readonly key: Key; readonly columns: Row; readonly position: number },
    { element, dueUs }: { readonly element: Element | null; readonly dueUs: number | null },
  ): void {
    const known = this.#known(key, columns);
    known.position = Math.max(position, known.position);
    if (element === null) return;
    const at = placeOf(known.elements, element);
    this.#setAt(known, at, { element, dueUs, replaces: isSame(known.elements[at], element) });
  }

  /** Positions say nothing any more: everything is behind them. Keys without elements are let go. */
  forgetPositions(): void {
    for (const known of this.#keys.values()) {
      known.position = 0;
      this.#letGo(known);
    }
  }

  /** How many elements are so: every one is looked at. */
  count(isCounted: (element: Element) => boolean): number {
    return this.#keys.values().reduce((sum, { elements }) => sum + elements.filter(isCounted).length, 0);
  }

  /** Whether this very element is there: it was neither replaced nor removed. */
  holds(key: Key, element: Element): boolean {
    const elements = this.of(key);
    return elements[placeOf(elements, element)] === element;
  }

  /**
   * The elements whose time has come by a clock, each once: by time, of one time in the order of their starts, ends and
   * keys. They stay where they are.
   */
  due(untilUs: number, clock = 0): OfKeyed[] {
    const found: OfKeyed[] = [];
    const due = this.#due[clock];
    for (let at = this.#first(due); at >= 0 && due.atUs <= untilUs; at = this.#first(due)) {
      const { key, elements, dues } = due.ofKey;
      dues[at] = null;
      due.pop();
      found.push({ key, element: elements[at] });
    }
    return found;
  }

  /** The element that is due first, in the order of {@link KeyedElements.due}; null if none is. It stays. */
  get firstDue(): OfKeyed | null {
    const [due] = this.#due;
    const at = this.#first(due);
    return at < 0 ? null : { key: due.ofKey.key, element: due.ofKey.elements[at] };
  }

  /** When the first of all elements is due by a clock; null if none is. */
  firstDueUs(clock = 0): number | null {
    return this.#first(this.#due[clock]) < 0 ? null : this.#due[clock].atUs;
  }

  /** Where the element that is due first is among those of its key; -1 if none is due. */
  #first(due: DueElements<OfKey>): number {
    for (; due.size > 0; due.pop()) {
      const at = placeOfDue(due.ofKey, due);
      if (at >= 0) return at;
    }
    return -1;
  }

  /** When the last of all elements is due; null if none is. */
  get lastDueUs(): number | null {
    let last: number | null = null;
    this.#due[0].forEach((ofKey, due) => {
      if ((last === null || due.atUs > last) && placeOfDue(ofKey, due) >= 0) last = due.atUs;
    });
    return last;
  }

  /** Of how many keys something changed since the last call of {@link KeyedElements.takeChanges}. */
  get changedKeys(): number {
    return this.#noted.keys;
  }

  /** About so many characters it takes to write what changed since then. */
  get changedChars(): number {
    return this.#noted.chars;
  }

  /**
   * What changed since the last call, each element once: key by key, and the elements of one key, in the order in which
   * they changed first.
   */
  takeChanges(): ElementChange[] {
    const changes: ElementChange[] = [];
    for (const changed of this.#noted.take()) {
      for (const change of changed.changes) changes.push(change);
      const known = this.#keys.get(changed.key)!;
      known.changed = null;
      this.#letGo(known);
    }
    return changes;
  }

  #known(key: Key, columns: Row): OfKey {
    const found = this.#keys.get(key);
    if (found !== undefined) return found;
    const known: OfKey = { key, columns, elements: [], dues: [], changed: null, position: 0 };
    this.#keys.set(key, known);
    return known;
  }

  #setAt(
    known: OfKey,
    at: number,
    { element, dueUs, replaces }: {
      readonly element: Element;
      readonly dueUs: number | null;
      readonly replaces: boolean;
    },
  ): void {
    const { elements, dues, changed } = known;
    if (dueUs !== null && !(replaces && dues[at] === dueUs)) {
      this.#due[this.#clocks.of(element)].push(dueUs, { ofKey: known, element });
    }
    if (replaces) {
      elements[at] = element;
      dues[at] = dueUs;
      return;
    }
    if (elements.length === 0) {
      // Of most keys there is one: an array that grew has room for sixteen, which is most of what a key takes.
      known.elements = [element];
      known.dues = [dueUs];
    } else {
      elements.splice(at, 0, element);
      dues.splice(at, 0, dueUs);
    }
    changed?.noted.splice(at, 0, null);
  }

  #end({ key, kind }: { key: Key; kind: "gone" | "dropped" }, element: Element): void {
    const { known, noted } = this.#takeOut(key, element);
    const changed = known.changed ??= new KeyChanges(known, known.elements.length);
    changed.keepEnded(this.#noted.note(changed, { kind, element, before: element, noted }));
  }

  /** An element goes; its change, if there was any, is given back. */
  #takeOut(key: Key, element: Element): { readonly known: OfKey; readonly noted: NotedChange | null } {
    const known = this.#keys.get(key)!;
    const { elements, dues, changed } = known;
    const at = placeOf(elements, element);
    if (elements[at] !== element) throw new TypeError(`Key ${key} has no such element`);
    remove(elements, at);
    remove(dues, at);
    if (changed === null) return { known, noted: null };
    const noted = changed.noted[at];
    remove(changed.noted, at);
    return { known, noted };
  }

  /** Of a key of which nothing is kept and nothing is to be told nothing is known. */
  #letGo({ key, elements, changed, position }: OfKey): void {
    if (elements.length === 0 && changed === null && position === 0) this.#keys.delete(key);
  }
}

/** Mostly the first goes, as time passes; `shift` does not move all others then. */
function remove(list: unknown[], at: number): void {
  if (at === 0) list.shift();
  else list.splice(at, 1);
}

/** Where what is due is among the elements of its key; -1 if it is not there any more, or due at another time. */
function placeOfDue(
  { elements, dues }: OfKey,
  { element, atUs }: { readonly element: Element; readonly atUs: number },
): number {
  const at = placeOf(elements, element);
  return isSame(elements[at], element) && dues[at] === atUs ? at : -1;
}
