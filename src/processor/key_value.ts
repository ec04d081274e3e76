import { type Key, keyParts } from "../record/key.ts";
import { type KeyColumn, keyColumnValue } from "../record/key_column.ts";
import type { Row } from "../record/row.ts";

/** The key columns of a table in the key's order; a function for group columns, which nobody knows before a row. */
export type KeyColumns = readonly KeyColumn[] | (() => readonly KeyColumn[]);

/** From a row key to what callbacks see as `key`: one column's value, or an object of several, typed as in the rows. */
export function keyValueOf(columns: KeyColumns): (key: Key) => unknown {
  return (key) => {
    const known = typeof columns === "function" ? columns() : columns;
    if (known.length === 1) {
      const [column] = known;
      return typeof key === "number" && column.value === "plain" ? key : keyColumnValue(column, String(key));
    }
    return keyRowOf(known)(key);
  };
}

/** From a row key to its columns, typed as in the rows. */
export function keyRowOf(columns: KeyColumns): (key: Key) => Row {
  return (key) => {
    const known = typeof columns === "function" ? columns() : columns;
    const parts = keyParts(key);
    return Object.fromEntries(known.map((column, index) => [column.name, keyColumnValue(column, parts[index])]));
  };
}
