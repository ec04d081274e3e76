import { Decimal } from "../record/decimal.ts";

// What V8 allocates with 8 bytes a word; `tests/state/bytes_test.ts` compares it with what a process grows by.
const HEADER = 24;
const ARRAY_HEADER = 48;
const FIELD = 8;
const HEAP_NUMBER = 16;
const TEXT_HEADER = 16;
const BIGINT = 24;
/** Key, value and chain of an entry of a Map, and its part of the buckets. */
const MAP_ENTRY = 28;
/** Texts up to this length JSON.parse makes once, however often they come. */
const SHARED_LENGTH_MAX = 10;

/** What a Map of so many entries holds, its spare room included, without what keys and values hold. */
export function mapBytes(size: number): number {
  return MAP_ENTRY * Math.max(4, 2 ** Math.ceil(Math.log2(size)));
}

/** Characters for which V8 keeps the whole text with two bytes each. */
const WIDE = /[\u0100-\uffff]/;

/** What `value` holds on the heap beside the 8 bytes that name it, as estimated. */
export function heapBytesOf(value: unknown): number {
  switch (typeof value) {
    case "string":
      return TEXT_HEADER + ((value.length * (WIDE.test(value) ? 2 : 1) + 7) & ~7);
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
  let bytes = ARRAY_HEADER + FIELD * values.length;
  for (const value of values) bytes += heldBytesOf(value);
  return bytes;
}

function objectBytes(fields: Readonly<Record<string, unknown>>): number {
  let bytes = HEADER;
  for (const name of Object.keys(fields)) bytes += FIELD + heldBytesOf(fields[name]);
  return bytes;
}

/** Within an object: its short texts are mostly those of others, too. */
function heldBytesOf(value: unknown): number {
  return typeof value === "string" && value.length <= SHARED_LENGTH_MAX ? 0 : heapBytesOf(value);
}
