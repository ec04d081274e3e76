import type { Row } from "../record/row.ts";
import { encodeWire } from "../record/wire.ts";
import type { Algebra } from "./algebra.ts";

/** A home's share of a group that must have one row: that row, or how many of its rows claim to be it. */
export type OnlyRowPart = { readonly row: Row } | { readonly rows: number };

/**
 * Rows of one key. Nearly always there is one, which is the state; while there are several the state is all of them, so
 * that whichever is left is known, in whatever order they come and go.
 */
export const ONLY_ROW: Algebra = {
  zero: () => null,
  add(state, value) {
    if (state === null) return value;
    const rivals = state instanceof Rivals ? state : new Rivals(state as Row);
    rivals.add(value as Row);
    return rivals;
  },
  remove(state, value) {
    if (!(state instanceof Rivals)) return null;
    state.remove(value as Row);
    return state.size === 1 ? state.last() : state;
  },
  part: (state): OnlyRowPart => state instanceof Rivals ? { rows: state.size } : { row: state as Row },
};

/** Several rows of one key; two of them may be equal. */
class Rivals {
  size = 1;
  /** By their texts, and how many there are of each. */
  readonly #rows: Map<string, { readonly row: Row; count: number }>;

  constructor(row: Row) {
    this.#rows = new Map([[encodeWire(row), { row, count: 1 }]]);
  }

  add(row: Row): void {
    this.size++;
    const text = encodeWire(row);
    const known = this.#rows.get(text);
    if (known === undefined) this.#rows.set(text, { row, count: 1 });
    else known.count++;
  }

  remove(row: Row): void {
    this.size--;
    const text = encodeWire(row);
    if (--this.#rows.get(text)!.count === 0) this.#rows.delete(text);
  }

  /** The row that is left. */
  last(): Row {
    const [{ row }] = this.#rows.values();
    return row;
  }
}

/**
 * The row that all homes together have.
 * @throws TypeError if they have several
 */
export function onlyRow(parts: readonly OnlyRowPart[]): Row {
  const [first] = parts;
  if (parts.length === 1 && "row" in first) return first.row;
  const rows = parts.reduce((sum, part) => sum + ("rows" in part ? part.rows : 1), 0);
  throw new TypeError(
    `Cannot have ${rows} rows under one key: none of them is there as long as they have it at the same time. Make ` +
      "the key of columns that are unique, or correct the rows",
  );
}
