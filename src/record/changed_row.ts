import type { Row } from "./row.ts";
import { rowDigest } from "./row_digest.ts";
import { decodeWire, encodeWire } from "./wire.ts";

/** A row as the topic of a table's changes has it. */
export interface ChangedRow {
  /** The columns of its key, as callbacks see them. */
  readonly key: Row;
  readonly row: Row;
}

/** The value of its record. @throws TypeError for a row of which no other task can be told */
export function changedRowText({ key, row }: ChangedRow): string {
  return encodeWire([key, row]);
}

/** Back from {@link changedRowText}. @throws SyntaxError | TypeError for what it cannot have given */
export function readChangedRow(text: string): ChangedRow {
  const [key, row] = decodeWire(text) as [Row, Row];
  return { key, row };
}

/** A digest by which rows are compared: that of equal rows, in whatever order their columns are. */
export function changedRowDigest(row: Row): number {
  return rowDigest(inOrder(row) as Row);
}

/** The text of a row by which it is compared in the same way. @throws TypeError as {@link changedRowText} */
export function comparedRowText(row: Row): string {
  return JSON.stringify(inOrder(JSON.parse(encodeWire(row))));
}

/** With the properties of objects in the order of their names. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  // Decimals are values.
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).sort(byName).map(([name, of]) => [name, inOrder(of)]));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
