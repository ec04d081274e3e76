import type { Row } from "../../record/row.ts";

/** The value of an event as a row, to which a join adds a column. @throws TypeError for what is no row */
export function extensible(value: unknown): Row {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  const shown = Array.isArray(value) ? "an array" : String(value).slice(0, 60);
  throw new TypeError(`Cannot add a column to ${shown}: map the events to objects with mapValues()`);
}
