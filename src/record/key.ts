import { Decimal } from "./decimal.ts";

/**
 * The key of a row, in canonical form: equal values are one key, wherever they come from (a message's key, a row, a
 * foreign key, a group's column, a computed value). Keys are compared, hashed and stored millions of times, so one
 * column holding a safe integer, by far the commonest key, is that number; every other key is the JSON text of its
 * values in column order, joined by commas (`"a@b.c"`, `9007199254740993`, `7,"EUR"`, `1.5`).
 *
 * Numbers are compared by value, as PostgreSQL does: the decimals 7, 7.00 and the integer 7 are one key, written as
 * plain digits without exponent and without trailing zeros of the fraction.
 */
export type Key = number | string;

/**
 * The key made of `values`, one for each key column in the declared order.
 * @throws TypeError for a value that can be no key
 */
export function keyOf(values: readonly unknown[]): Key {
  if (values.length === 1) return keyOfOne(values[0]);
  let text = "";
  for (let index = 0; index < values.length; index++) {
    text += (index === 0 ? "" : ",") + keyValueText(values[index]);
  }
  return text;
}

/**
 * The key made of named columns, in the order of their names: where nothing else says which order they have.
 * @throws TypeError for a value that can be no key
 */
export function keyOfColumns(columns: Readonly<Record<string, unknown>>): Key {
  const names = Object.keys(columns);
  return names.length === 1 ? keyOfOne(columns[names[0]]) : keyOf(names.sort().map((name) => columns[name]));
}

/** The key of one column, without an array being made for it. @throws TypeError for a value that can be no key */
export function keyOfOne(value: unknown): Key {
  // "+ 0" makes 0 of -0.
  if (typeof value === "number" && Number.isSafeInteger(value)) return value + 0;
  const text = keyValueText(value);
  return typeof value === "string" ? text : parseKeyText(text);
}

/** Canonical JSON text of one key value. @throws TypeError for a value that can be no key */
export function keyValueText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value === null || value === undefined) return "null";
  if (value instanceof Decimal) return withoutTrailingZeros(value.toString());
  throw notKey(value);
}

/** Of a double: the shortest digits that name it, so that the text gives the same double back. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) throw notKey(value);
  const text = String(value);
  const exponentAt = text.indexOf("e");
  if (exponentAt < 0) return value === 0 ? "0" : text;
  const [whole, fraction = ""] = text.slice(0, exponentAt).replace("-", "").split(".");
  const exponent = Number(text.slice(exponentAt + 1));
  const digits = whole + fraction;
  const sign = value < 0 ? "-" : "";
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  return sign + digits.padEnd(1 + exponent, "0");
}

/** Plain digits of a decimal in their shortest form. */
function withoutTrailingZeros(text: string): string {
  if (!text.includes(".")) return text === "-0" ? "0" : text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end--;
  if (text.charCodeAt(end - 1) === 46) end--;
  const short = text.slice(0, end);
  return short === "-0" ? "0" : short;
}

/** Also of a Date: no column is read as one, so as a text it would be a key that no row has. */
function notKey(value: unknown): TypeError {
  let shown = "";
  try {
    shown = String(value);
  } catch {
    // An object without a text: its type must do.
  }
  return new TypeError(
    `Cannot use "${typeof value}" as a key: current value is ${shown.slice(0, 60)}. ` +
      "Use text, a finite number, a Decimal or a boolean",
  );
}

/** The key's values as JSON texts joined by commas: the canonical text, also of a numeric key. */
export function keyText(key: Key): string {
  return typeof key === "number" ? String(key) : key;
}

/** Back from {@link keyText}: the inverse, so that a key read from a table or a message equals the one written. */
export function parseKeyText(text: string): Key {
  const code = text.charCodeAt(0);
  const numeric = text.length < 18 && (code === 45 || (code >= 48 && code <= 57));
  if (numeric) {
    const value = Number(text);
    if (Number.isSafeInteger(value) && String(value) === text) return value;
  }
  return text;
}

/** The JSON texts of the key's values, one for each column. */
export function keyParts(key: Key): string[] {
  if (typeof key === "number") return [String(key)];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (quoted && code === 92) index++;
    else if (code === 34) quoted = !quoted;
    else if (code === 44 && !quoted) {
      parts.push(key.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(key.slice(start));
  return parts;
}
