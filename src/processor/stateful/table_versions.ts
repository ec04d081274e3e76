import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { Element, KeyedElements } from "../../state/keyed_elements.ts";

/** A change of a table as an event: null where the row is deleted. */
export interface TableChange {
  readonly key: Key;
  readonly columns: Row;
  readonly row: Row | null;
  readonly timestampUs: number;
}

/** The rows of a table as elements: the newest one of each key, or those of its history by their times. */
export class TableVersions {
  readonly #elements: KeyedElements;
  /** Null: the newest one alone, whatever its time. */
  readonly #historyUs: number | null;

  constructor(elements: KeyedElements, historyUs: number | null) {
    this.#elements = elements;
    this.#historyUs = historyUs;
  }

  /** Whether an element is a row of the table; others may be beside them. */
  static is(element: Element): boolean {
    return element.seq === 0;
  }

  /**
   * Takes a change, `newestUs` being the time of the table's newest one, this included. Of two changes of one key and
   * time the later one counts. @returns whether it is not too old to be known
   */
  put({ key, columns, row, timestampUs }: TableChange, newestUs: number): boolean {
    if (this.#historyUs === null) {
      this.#putNewest({ key, columns, row, timestampUs });
      return true;
    }
    if (timestampUs < newestUs - this.#historyUs) return false;
    const element = versionOf(timestampUs, { row, timestampUs });
    this.#elements.put({ key, columns }, { element, dueUs: timestampUs + this.#historyUs });
    return true;
  }

  /**
   * The row of a key as of a time: the newest one that is not later. Null if there is none, or if it was replaced
   * longer ago than the history reaches.
   */
  find(key: Key, { asOfUs, newestUs }: { readonly asOfUs: number; readonly newestUs: number }): Row | null {
    const versions = this.#elements.of(key).filter(TableVersions.is);
    if (this.#historyUs === null) return versions.length === 0 ? null : rowIn(versions[0]);
    const at = versions.findLastIndex(({ start }) => start <= asOfUs);
    const isNewest = at === versions.length - 1;
    return at >= 0 && (isNewest || asOfUs >= newestUs - this.#historyUs) ? rowIn(versions[at]) : null;
  }

  /** A row whose own time is as old as the history reaches: nobody can ask for the rows before it any more. */
  age(key: Key, version: Element): void {
    const older = this.#elements.of(key).filter((element) =>
      TableVersions.is(element) && element.start < version.start
    );
    for (const element of older) this.#elements.remove(key, element);
    if (rowIn(version) === null) this.#elements.remove(key, version);
  }

  /** When {@link age} is to be told of a row, by the table's time; null: never. */
  dueOf(element: Element): number | null {
    return this.#historyUs === null ? null : element.start + this.#historyUs;
  }

  #putNewest({ key, columns, row, timestampUs }: TableChange): void {
    const known = this.#elements.of(key).find(TableVersions.is);
    if (row !== null) {
      this.#elements.put({ key, columns }, { element: versionOf(0, { row, timestampUs }), dueUs: null });
    } else if (known !== undefined) this.#elements.remove(key, known);
  }
}

function versionOf(start: number, { row, timestampUs }: { row: Row | null; timestampUs: number }): Element {
  return { start, end: start, seq: 0, timestampUs, state: row, shown: false };
}

function rowIn({ state }: Element): Row | null {
  return state as Row | null;
}
