import type { PartsPlan } from "../plan/physical.ts";
import { LimitError } from "../record/errors.ts";
import { type Key, keyOf, keyParts, keyValueText } from "../record/key.ts";
import { type KeyColumn, keyColumnValue } from "../record/key_column.ts";
import type { Row } from "../record/row.ts";

/** A part of a row, as a row of its own. */
export interface Part {
  readonly key: Key;
  /** The key's: those of the row that it is a part of, and the one that tells its parts apart. */
  readonly columns: Row;
  /** All others. */
  readonly row: Row;
}

/** Whose parts are made. */
export interface Whole {
  readonly row: Row;
  readonly key: Key;
  readonly keyColumns: readonly KeyColumn[];
  /** The key as callbacks see it. */
  readonly keyValue: unknown;
}

/** Makes the parts of rows. Names of key columns are sorted once. */
export function partsMaker({ mapper, part: { column, counted }, most }: PartsPlan): (whole: Whole) => Part[] {
  let names: readonly string[] = [];
  const namesOf = (columns: Row) => {
    if (names.length === 0) names = Object.keys(columns).sort();
    return names;
  };
  /**
   * In the order of the list.
   * @throws whatever the callback throws; TypeError for what is no list of rows, and for parts of one key; LimitError
   * for more than `most`
   */
  return ({ row, key, keyColumns, keyValue }) => {
    const list: unknown = mapper(row, keyValue);
    if (!Array.isArray(list)) {
      throw new TypeError(`Cannot take parts of a row: the callback gave ${kindOf(list)}. Return an array of rows`);
    }
    if (list.length > most) {
      throw new LimitError(
        "max",
        `Cannot have ${list.length} parts of a row: ${most} are allowed. Raise max in flatMapValues(...), or return ` +
          "fewer",
      );
    }
    const own = keyValuesOf(keyColumns, key);
    if (column in own) throw new TypeError(`Cannot tell parts apart by "${column}": it is a key column of their row`);
    const keys = new Set<Key>();
    return list.map((part: unknown, position): Part => {
      if (typeof part !== "object" || part === null || Array.isArray(part)) {
        throw new TypeError(`Cannot take ${kindOf(part)} as a part of a row: current position is ${position}`);
      }
      const value = counted ? position : (part as Row)[column];
      if (value === undefined) throw new TypeError(`Cannot tell parts apart by "${column}": a part has no such column`);
      const columns = { ...own, [column]: value };
      const partKey = keyOf(namesOf(columns).map((name) => columns[name]));
      if (keys.has(partKey)) {
        throw new TypeError(
          `Cannot tell parts apart by "${column}": two of them have ${String(value)}. Use a column that is unique ` +
            "within the row, or their position",
        );
      }
      keys.add(partKey);
      return { key: partKey, columns, row: othersOf(part as Row, columns) };
    });
  };
}

function keyValuesOf(keyColumns: readonly KeyColumn[], key: Key): Record<string, unknown> {
  const parts = keyParts(key);
  return Object.fromEntries(keyColumns.map((column, index) => [column.name, keyColumnValue(column, parts[index])]));
}

/** @throws TypeError if a column of the key has another value in the part, which nobody would see any more */
function othersOf(part: Row, columns: Row): Row {
  const others: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(part)) {
    if (!Object.hasOwn(columns, name)) others[name] = value;
    else if (keyValueText(value) !== keyValueText(columns[name])) {
      throw new TypeError(
        `Cannot have "${name}" twice: it is part of the key with ${String(columns[name])}, and the part has ` +
          `${String(value)}. Return it under another name`,
      );
    }
  }
  return others;
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}
