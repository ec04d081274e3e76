import { Decimal } from "./decimal.ts";
import { type Key, keyOf, keyOfOne } from "./key.ts";

/**
 * How a producer writes the values of one key column as JSON, computed from the canonical form of the value:
 *
 * - `plain`: texts, integers and booleans as they are; also integers of days and microseconds
 * - `decimal_text`: a text with so many fraction digits (`decimal.handling.mode=string`)
 * - `decimal_bytes`: base64 of the unscaled integer (`decimal.handling.mode=precise`)
 * - `milliseconds`: microseconds divided by 1,000 (`time.precision.mode=adaptive` up to 3 fraction digits, `connect`)
 * - `zoned`: microseconds as a text in UTC with so many fraction digits, `2024-06-15T10:34:56.123456Z`
 * - `iso_date`: `2024-01-31Z` (`time.precision.mode=isostring`)
 * - `padded`: text filled up with blanks, as PostgreSQL's char(n)
 * - `text`: not as JSON, but as the text that it is, or the digits; of what is written as `of` says
 * - `hex`, `base64_url`: of bytes, which are base64 here (`binary.handling.mode=hex`, `base64-url-safe`)
 */
export type KeyWire =
  | { readonly kind: "text"; readonly of: JsonKeyWire }
  | JsonKeyWire;

/** @ignore How a value is written as JSON. */
export type JsonKeyWire =
  | { readonly kind: "plain" | "milliseconds" | "iso_date" | "hex" | "base64_url" }
  | { readonly kind: "decimal_text" | "decimal_bytes"; readonly scale: number }
  | { readonly kind: "zoned"; readonly precision: number }
  | { readonly kind: "padded"; readonly length: number };

/** One key column of a source. */
export interface KeyColumn {
  readonly name: string;
  /** What callbacks see: a Decimal, a bigint, or the JSON value itself. */
  readonly value: "decimal" | "bigint" | "plain";
  /** Of decimals with a declared scale: how many fraction digits callbacks see. */
  readonly scale: number | null;
  /** What makes equal texts one: a uuid's and citext's case, the blanks at the end of a char. */
  readonly text: "lower" | "trimmed" | "as_is";
  /** How the producer writes its values; null if that cannot be computed from the value. */
  readonly wire: KeyWire | null;
  /** Whether equal values may be written as different texts, and so lie in different partitions: 1.5 and 1.50. */
  readonly texts: "one" | "several";
  /** The key is this column's value alone, not an object of columns. */
  readonly bare: boolean;
}

/** A key column of which nothing is known but its name. */
export function plainKeyColumn(name: string): KeyColumn {
  return { name, value: "plain", scale: null, text: "as_is", wire: { kind: "plain" }, texts: "one", bare: false };
}

/** One of the texts that the database calls equal, the same for all of them. */
export function comparedText(text: string, form: KeyColumn["text"]): string {
  if (form === "as_is") return text;
  if (form === "lower") return text.toLowerCase();
  // A regular expression looks at every run of blanks from each of its blanks.
  let end = text.length;
  while (text.charCodeAt(end - 1) === 32) end--;
  return text.slice(0, end);
}

/** A value that callbacks made for a key column, as the column's reader would have made it. */
export function asKeyValue(column: KeyColumn, value: unknown): unknown {
  return typeof value === "string" ? comparedText(value, column.text) : value;
}

/** The key that values from a callback mean, one for each column. */
export function keyFrom(columns: readonly KeyColumn[], values: readonly unknown[]): Key {
  if (columns.length === 1) return keyOfOne(asKeyValue(columns[0], values[0]));
  return keyOf(values.map((value, index) => asKeyValue(columns[index], value)));
}

/** The value of a key column from its canonical JSON text, as the column's reader makes it. */
export function keyColumnValue(column: KeyColumn, text: string): unknown {
  if (column.value === "decimal" && text !== "null" && !text.startsWith('"')) {
    const decimal = Decimal.parse(text);
    return column.scale === null || decimal.scale >= column.scale ? decimal : decimal.rescale(column.scale);
  }
  if (/^-?\d+$/.test(text)) {
    if (column.value === "bigint") return BigInt(text);
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text);
  }
  return JSON.parse(text);
}
