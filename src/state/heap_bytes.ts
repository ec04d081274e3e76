import { Decimal } from "../record/decimal.ts";

// What V8 allocates with 8 bytes a word, measured by `tests/state/bytes_test.ts`.
const HEADER = 24;
const FIELD = 8;
const HEAP_NUMBER = 16;
const TEXT_HEADER = 16;
const BIGINT = 24;
/** Of a Map, its spare room included. */
export const MAP_ENTRY_BYTES = 40;

/** What `value` holds on the heap beside the 8 bytes that name it, as estimated: texts as one byte a character. */
export function heapBytesOf(value: unknown): number {
  switch (typeof value) {
    case "string":
      return TEXT_HEADER + ((value.length + 7) & ~7);
    case "number":
      return (value | 0) === value ? 0 : HEAP_NUMBER;
    case "bigint":
      return BIGINT;
    case "object":
      if (value === null) return 0;
      if (value instanceof Decimal) return HEADER + 2 * FIELD + heapBytesOf(value.units);
      return Array.isArray(value) ? arrayBytes(value) : objectBytes(value as Readonly<Record<string, unknown>>);
    default:
      return 0;
  }
}

function arrayBytes(values: readonly unknown[]): number {
  let bytes = HEADER + 2 * FIELD + FIELD * values.length;
  for (const value of values) bytes += heapBytesOf(value);
  return bytes;
}

function objectBytes(fields: Readonly<Record<string, unknown>>): number {
  let bytes = HEADER;
  for (const name of Object.keys(fields)) bytes += FIELD + heapBytesOf(fields[name]);
  return bytes;
}
