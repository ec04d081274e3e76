import { Decimal } from "../record/decimal.ts";
import { NESTING_MAX } from "./exact_json.ts";

/**
 * True if a row may hold `value`: null, booleans, finite numbers, strings, bigints, Decimals, and arrays and plain
 * objects of these. Undefined stands for an absent value, of a row or an object. Anything else (a Date, a Map, NaN)
 * could be neither compared nor sent to another task.
 */
export function isRowValue(value: unknown): boolean {
  return value === undefined || isPresent(value, 0);
}

function isPresent(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      if (value === null || value instanceof Decimal) return true;
      if (depth > NESTING_MAX) return false;
      return Array.isArray(value) ? isPresentArray(value, depth) : isPlainObject(value, depth);
    default:
      return false;
  }
}

function isPresentArray(values: readonly unknown[], depth: number): boolean {
  for (let index = 0; index < values.length; index++) if (!isPresent(values[index], depth + 1)) return false;
  return true;
}

function isPlainObject(value: object, depth: number): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const inner of Object.values(value)) if (inner !== undefined && !isPresent(inner, depth + 1)) return false;
  return true;
}

/** What is to be done about a value that {@link isRowValue} refuses. */
export function rowValueAdvice(value: unknown): string {
  const advice = value instanceof Date
    ? "Declare the column as timestamptz(), timestamp() or date()"
    : "A row holds null, booleans, finite numbers, text, bigints, Decimals, arrays and plain objects of these";
  return `the schema makes ${named(value)} of it. ${advice}`;
}

function named(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "symbol" ? "a symbol" : String(value);
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return name === undefined || name === "Object" || name === "Array"
    ? "something that holds a value that no row may hold"
    : `an instance of ${name}`;
}
