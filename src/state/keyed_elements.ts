import { Distinct } from "../record/distinct.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { DueElements } from "./due_elements.ts";
import { type Element, firstFrom, isSame, placeOf } from "./element.ts";

export type { Element } from "./element.ts";

/** What became of an element since the last look. */
export interface ElementChange {
  readonly key: Key;
  /** The columns of the key. */
  readonly columns: Row;
  /**
   * `put`: it is new, or another one of these borders before. `gone`: it is there no more, as events of its key
   * ended it. `dropped`: nothing depends on it any more, as time has passed, and it is no result. What is durable of a
   * key is its elements at one position: a drop is part of that, too, and leaves no trace only when the position of the
   * whole task, behind it, is durable; whoever reads back what was dropped can tell so by that task's time.
   */
  readonly kind: "put" | "gone" | "dropped";
  readonly element: Element;
  /** What was there at the last look; null: nothing. Of what was forgotten since it is not known. */
  readonly before: Element | null;
}

interface OfKey {
  readonly key: Key;
  readonly columns: Row;
  /** In the order of start, end, seq. */
  elements: Element[];
  /** When each of them is due; null: never, or it was taken out already. */
  dues: (number | null)[];
  /** All events of the key below this position are in its elements, if they were read back. */
  position: number;
}

type OfElement = Pick<ElementChange, "element">;

/** An element and its key. */
interface OfKeyed {
  readonly key: Key;
  readonly element: Element;
}

/** Changes of one key by the borders of their elements. */
const BORDERS = {
  isSame: ({ element: a }: OfElement, { element: b }: OfElement) => isSame(a, b),
  nameOf: ({ element: { start, end, seq } }: OfElement) => `${start}/${end}/${seq}`,
};

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
  #changes = new Map<Key, Distinct<ElementChange, OfElement>>();
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

  /** All keys that have elements. */
  keys(): Iterable<Key> {
    return this.#keys.keys();
  }

  /**
   * Adds an element, or replaces the one that begins and ends alike. `dueUs`: {@link KeyedElements.due} gives it when
   * that time has come; null: never.
   */
  put(
    { key, columns }: { readonly key: Key; readonly columns: Row },
    { element, dueUs }: { readonly element: Element; readonly dueUs: number | null },
  ): void {
    const before = this.#before(key, element);
    this.#set({ key, columns, position: null }, { element, dueUs });
    this.#note({ key, columns, kind: "put", element, before });
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
    this.#delete(key, element);
  }

  /** What was read back, before anything else is done. `position`: all events of the key below it are in there. */
  load(
    { key, columns, position }: { readonly key: Key; readonly columns: Row; readonly position: number },
    { element, dueUs }: { readonly element: Element | null; readonly dueUs: number | null },
  ): void {
    const greatest = Math.max(position, this.positionOf(key));
    this.#set({ key, columns, position: greatest }, { element, dueUs });
  }

  /** Positions say nothing any more: everything is behind them. Keys without elements are let go. */
  forgetPositions(): void {
    for (const [key, known] of this.#keys) {
      if (known.elements.length === 0) this.#keys.delete(key);
      else known.position = 0;
    }
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

  /**
   * What changed since the last call, each element once: key by key, and the elements of one key, in the order in which
   * they changed first.
   */
  takeChanges(): ElementChange[] {
    const changes: ElementChange[] = [];
    for (const { values } of this.#changes.values()) for (const change of values) changes.push(change);
    this.#changes = new Map();
    return changes;
  }

  #note(change: ElementChange): void {
    this.#changes.getOrInsertComputed(change.key, () => new Distinct<ElementChange, OfElement>(BORDERS)).put(change);
  }

  #set(
    // Null: the position stays.
    { key, columns, position }: { key: Key; columns: Row; position: number | null },
    { element, dueUs }: { element: Element | null; dueUs: number | null },
  ): void {
    let known = this.#keys.get(key);
    if (known === undefined) this.#keys.set(key, known = { key, columns, elements: [], dues: [], position: 0 });
    if (position !== null) known.position = position;
    if (element === null) return;
    const { elements, dues } = known;
    const at = placeOf(elements, element);
    const replaced = isSame(elements[at], element) ? 1 : 0;
    if (dueUs !== null && (replaced === 0 || dues[at] !== dueUs)) {
      this.#due[this.#clocks.of(element)].push(dueUs, { ofKey: known, element });
    }
    if (replaced === 1) {
      elements[at] = element;
      dues[at] = dueUs;
    } else if (elements.length === 0) {
      // Of most keys there is one: an array that grew has room for sixteen, which is most of what a key takes.
      known.elements = [element];
      known.dues = [dueUs];
    } else {
      elements.splice(at, 0, element);
      dues.splice(at, 0, dueUs);
    }
  }

  #end({ key, kind }: { key: Key; kind: "gone" | "dropped" }, element: Element): void {
    const columns = this.#keys.get(key)!.columns;
    const before = this.#before(key, element);
    this.#delete(key, element);
    this.#note({ key, columns, kind, element, before });
  }

  /** What stood in an element's place at the last look. */
  #before(key: Key, element: Element): Element | null {
    const change = this.#changes.get(key)?.find({ element });
    if (change !== undefined) return change.before;
    const elements = this.of(key);
    const there = elements[placeOf(elements, element)];
    return isSame(there, element) ? there : null;
  }

  #delete(key: Key, element: Element): void {
    const known = this.#keys.get(key)!;
    const at = placeOf(known.elements, element);
    if (known.elements[at] !== element) throw new TypeError(`Key ${key} has no such element`);
    remove(known.elements, at);
    remove(known.dues, at);
    if (known.elements.length === 0 && known.position === 0) this.#keys.delete(key);
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
