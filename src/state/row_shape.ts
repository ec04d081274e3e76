import type { Row } from "../record/row.ts";
import { literal, specialised } from "../record/specialised.ts";
import type { Slot } from "./slots.ts";
import type { ValueCells } from "./value_cells.ts";

/** A column of a shape: its name, and where its values are. */
export interface ShapeColumn {
  readonly name: string;
  readonly cells: ValueCells;
}

/** What is done with rows that have exactly these columns in this order. */
export interface RowShape {
  /** A new plain object, always of one hidden class. */
  read(slot: Slot): Row;
  /** `wireEquals` of the row held and a row of this shape. */
  equals(slot: Slot, row: Row): boolean;
  /** Puts the row's values, each exactly as it is. */
  set(slot: Slot, row: Row): void;
}

/** Makes the functions of a shape. */
export type ShapeMaker = (columns: readonly ShapeColumn[]) => RowShape;

/** Whether `row` is a plain object with just these names in this order. */
export function hasShape(row: Row, names: readonly string[]): boolean {
  if (Object.getPrototypeOf(row) !== Object.prototype) return false;
  let at = 0;
  for (const name in row) if (name !== names[at++]) return false;
  return at === names.length;
}

/**
 * The functions of a shape, written out for its columns; what they do is written readably in {@link plainShape}. One
 * loop over the columns takes 1.9 times as long to read a row, to compare and to put one 1.2 to 1.5 times
 * (`deno task bench state`).
 */
export const compiledShape: ShapeMaker = (columns) => {
  const constants = Object.fromEntries(columns.map(({ cells }, index) => [`c${index}`, cells]));
  const of = (name: string) => `row[${literal(name)}]`;
  const fields = columns.map(({ name }, index) => {
    // A literal's `__proto__:` sets the prototype; computed, it is a property as any other.
    const key = name === "__proto__" ? `[${literal(name)}]` : literal(name);
    return `${key}: c${index}.get(slot)`;
  });
  const equal = columns.map(({ name }, index) => `c${index}.equals(slot, ${of(name)})`);
  const sets = columns.map(({ name }, index) => `c${index}.set(slot, ${of(name)});`);
  return {
    read: specialised(constants, ["slot"], `return { ${fields.join(", ")} };`),
    equals: specialised(constants, ["slot", "row"], `return ${equal.join(" && ") || "true"};`),
    set: specialised(constants, ["slot", "row"], sets.join(" ")),
  };
};

/** As {@link compiledShape}, column by column. */
export const plainShape: ShapeMaker = (columns) => ({
  read: (slot) => Object.fromEntries(columns.map(({ name, cells }) => [name, cells.get(slot)])),
  equals: (slot, row) => columns.every(({ name, cells }) => cells.equals(slot, row[name])),
  set: (slot, row) => columns.forEach(({ name, cells }) => cells.set(slot, row[name])),
});
