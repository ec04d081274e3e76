import { Distinct } from "../record/distinct.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { type Element, isSame } from "./element.ts";
import { wireChars } from "./wire_chars.ts";

/** Of what is written of a change beside its state and its key: a position, borders, who wrote it. */
const CHANGE_CHARS = 60;

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
  /** About so many characters it takes to write it. */
  readonly chars: number;
}

/** A change that was not told yet: what becomes of the same element next is the same change. */
export type NotedChange = { -readonly [P in keyof ElementChange]: ElementChange[P] };

type OfElement = Pick<ElementChange, "element">;

/** Changes of one key by the borders of their elements. */
const BORDERS = {
  isSame: ({ element: a }: OfElement, { element: b }: OfElement) => isSame(a, b),
  nameOf: ({ element: { start, end, seq } }: OfElement) => `${start}/${end}/${seq}`,
};

/** What became of the elements of one key since the last look. */
export class KeyChanges {
  readonly key: Key;
  readonly columns: Row;
  /** In the order in which the elements changed first. */
  readonly changes: NotedChange[] = [];
  /** Of each element that is there, in their order; null: it has not changed. */
  readonly noted: (NotedChange | null)[];
  /** Of these: elements that are there no more. Null: none is. */
  #ended: Distinct<NotedChange, OfElement> | null = null;
  /** The greatest start of those; nothing that begins later is among them. */
  #endedTo = -Infinity;
  readonly #chars: number;

  /** `elements`: so many are there. */
  constructor({ key, columns }: Pick<ElementChange, "key" | "columns">, elements: number) {
    this.key = key;
    this.columns = columns;
    this.noted = new Array(elements).fill(null);
    this.#chars = CHANGE_CHARS + wireChars(columns);
  }

  /** The change of an element that is there no more; null if there is none. */
  ofEnded(element: Element): NotedChange | null {
    return element.start > this.#endedTo ? null : this.#ended?.find({ element }) ?? null;
  }

  /** The same element may come again. */
  keepEnded(change: NotedChange): void {
    this.#ended ??= new Distinct<NotedChange, OfElement>(BORDERS);
    this.#ended.put(change);
    this.#endedTo = Math.max(this.#endedTo, change.element.start);
  }

  /** About so many characters it takes to write what became of an element. */
  charsOf(kind: ElementChange["kind"], { state }: Element): number {
    return kind === "put" ? this.#chars + wireChars(state) : this.#chars;
  }
}

/** The keys of which something changed since the last look. */
export class NotedChanges {
  /** Each once. */
  #keys: KeyChanges[] = [];
  /** About so many characters it takes to write all of it. */
  chars = 0;

  /** Of how many keys something changed. */
  get keys(): number {
    return this.#keys.length;
  }

  /** Notes what became of an element of a key. `noted`: what was noted of it before; null: nothing, as far as known. */
  note(
    of: KeyChanges,
    { kind, element, before, noted }: Pick<ElementChange, "kind" | "element" | "before"> & {
      readonly noted: NotedChange | null;
    },
  ): NotedChange {
    const known = noted ?? of.ofEnded(element);
    const chars = of.charsOf(kind, element);
    this.chars += chars - (known?.chars ?? 0);
    if (known !== null) {
      known.kind = kind;
      known.element = element;
      known.chars = chars;
      return known;
    }
    const { key, columns, changes } = of;
    if (changes.length === 0) this.#keys.push(of);
    const change = { key, columns, kind, element, before, chars };
    changes.push(change);
    return change;
  }

  /** All of them; none is changed then. */
  take(): readonly KeyChanges[] {
    const keys = this.#keys;
    this.#keys = [];
    this.chars = 0;
    return keys;
  }
}
