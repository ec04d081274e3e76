import { type Key, keyParts } from "../record/key.ts";

/**
 * From a row key to what callbacks see as `key`: one column's value, or an object of several. `columns`: the key
 * columns in the key's order; a function for group columns, which nobody knows before the first row.
 */
export function keyValueOf(columns: readonly string[] | (() => readonly string[])): (key: Key) => unknown {
  return (key) => {
    if (typeof key === "number") return key;
    const names = typeof columns === "function" ? columns() : columns;
    if (names.length === 1) return partValue(key);
    const parts = keyParts(key);
    return Object.fromEntries(names.map((name, index) => [name, partValue(parts[index])]));
  };
}

/** Integers beyond 2^53 as bigints, with all their digits. */
function partValue(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(text) ? BigInt(text) : value;
}
