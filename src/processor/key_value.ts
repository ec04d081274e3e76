import type { Key } from "../record/key.ts";

/** From a row key to what callbacks see as `key`: one column's value, or an object of several. */
export function keyValueOf(columns: readonly string[] | null): (key: Key) => unknown {
  return (key) => {
    if (typeof key === "number") return key;
    if (columns === null || columns.length > 1) {
      const values = JSON.parse(`[${key}]`) as unknown[];
      return columns === null ? values : Object.fromEntries(columns.map((column, index) => [column, values[index]]));
    }
    if (key.charCodeAt(0) === 34) return JSON.parse(key);
    return /^-?\d+$/.test(key) ? BigInt(key) : JSON.parse(key);
  };
}
