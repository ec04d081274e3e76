import { comparedText } from "../record/key_column.ts";
import { type ColumnType, REFUSED, wrongType } from "./column_type.ts";

/**
 * citext: text in lower case, since PostgreSQL compares it so (`lower(a) = lower(b)`). What is shown is that form, too:
 * rows that PostgreSQL calls equal are one key and one group everywhere.
 */
export const citextType: ColumnType<string> = {
  name: "citext",
  exact: null,
  read: (wire) => typeof wire === "string" ? comparedText(wire, "lower") : REFUSED,
  refusal: (wire) => wrongType("text", wire),
};

/**
 * char(n): text without the blanks at its end, which PostgreSQL adds up to the length and does not compare.
 * @throws RangeError for a length that is no positive integer
 */
export function charType(length?: number): ColumnType<string> {
  if (length !== undefined && (!Number.isInteger(length) || length < 1)) {
    throw new RangeError(`Cannot use "${length}" as char's length: use a positive integer`);
  }
  return {
    name: length === undefined ? "char" : `char(${length})`,
    exact: null,
    ...(length !== undefined && { length }),
    read: (wire) => typeof wire === "string" ? comparedText(wire, "trimmed") : REFUSED,
    refusal: (wire) => wrongType("text", wire),
  };
}
