import type { Row } from "../../record/row.ts";
import { propertyName, specialised } from "../../record/specialised.ts";
import { hasShape } from "../../state/row_shape.ts";
import { valueHead } from "./messages.ts";

/** So many shapes of rows are sent by position; rows of others go with the names of their columns. */
const SHAPES_MAX = 16;

/** Columns of rows in their order, and the head under which their values are sent. */
interface SentShape {
  readonly columns: readonly string[];
  readonly head: string;
}

/** A row as it is sent: its values, under a head that says which they are. */
export interface SentValues {
  readonly head: string;
  readonly values: readonly unknown[];
}

/**
 * The columns of the rows that one server sends, so that their names are said once for many: they are half of the text
 * of most rows, which is written, checked twice, stored and parsed. Rows have one shape, or a few.
 */
export class SentShapes {
  readonly #join: string;
  readonly #known: SentShape[] = [];
  #last: SentShape | null = null;

  constructor(join: string) {
    this.#join = join;
  }

  /** Null for a row that goes with its names. */
  of(row: Row): SentValues | null {
    const shape = this.#shapeOf(row);
    const values = shape === null ? null : valuesOf(row, shape.columns);
    return shape === null || values === null ? null : { head: shape.head, values };
  }

  #shapeOf(row: Row): SentShape | null {
    if (this.#last !== null && hasShape(row, this.#last.columns)) return this.#last;
    const known = this.#known.find(({ columns }) => hasShape(row, columns)) ?? this.#learnt(row);
    if (known !== null) this.#last = known;
    return known;
  }

  #learnt(row: Row): SentShape | null {
    const columns = Object.keys(row);
    if (this.#known.length >= SHAPES_MAX || !hasShape(row, columns)) return null;
    const shape = { columns, head: valueHead(this.#join, columns) };
    this.#known.push(shape);
    return shape;
  }
}

/** The row's values in the order of these names; null if one of them is undefined, which has no place. */
function valuesOf(row: Row, names: readonly string[]): readonly unknown[] | null {
  const values = new Array<unknown>(names.length);
  for (let index = 0; index < names.length; index++) {
    const value = row[names[index]];
    if (value === undefined) return null;
    values[index] = value;
  }
  return values;
}

/** Rows out of values, by the columns' names as JSON: as many as all servers of a process have, and no more. */
const makers = new Map<string, (values: unknown) => Row>();
const MAKERS_MAX = 1_024;

/**
 * Makes rows with these columns, in this order, of their values.
 * @throws SyntaxError if the names are no texts
 */
export function rowOfValues(names: unknown): (values: unknown) => Row {
  const text = JSON.stringify(names);
  const known = makers.get(text);
  if (known !== undefined) return known;
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
    throw new SyntaxError("Cannot read an inbox message: its columns have no names");
  }
  const maker = makerOf(names);
  if (makers.size < MAKERS_MAX) makers.set(text, maker);
  return maker;
}

/** A loop over the columns takes 2.4 times as long (`deno run --allow-read tests/bench/sent_rows.ts`). */
function makerOf(names: readonly string[]): (values: unknown) => Row {
  const fields = names.map((name, index) => `${propertyName(name)}: values[${index}]`);
  return specialised({}, ["values"], `return { ${fields.join(", ")} };`);
}
