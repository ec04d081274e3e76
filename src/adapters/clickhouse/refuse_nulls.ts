import type { ColumnSpec } from "../../ports/warehouse.ts";
import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";

/**
 * Names the first column that holds null and must not, also within its arrays, in a line of JSONCompactEachRow without
 * its closing bracket; `null` if there is none. ClickHouse itself refuses null only in some types: in a column of
 * integers, floats or dates it stores a silent zero.
 */
export function forbiddenNull(line: string, columns: readonly ColumnSpec[]): ColumnSpec | null {
  if (!line.includes("null")) return null;
  let place = 0;
  let depth = 0;
  for (let index = 0; index < line.length; index++) {
    switch (line.charCodeAt(index)) {
      case 34: // A string: skipped to its closing quote.
        for (index++; index < line.length && line.charCodeAt(index) !== 34; index++) {
          if (line.charCodeAt(index) === 92) index++;
        }
        break;
      case 91: // [
      case 123: // {
        depth++;
        break;
      case 93: // ]
      case 125: // }
        depth--;
        break;
      case 44: // ,
        if (depth === 1) place++;
        break;
      case 110: // n of null
        if (columns[place] !== undefined && !holdsNull(columns[place], depth)) return columns[place];
    }
  }
  return null;
}

/** Every null of every row asks: the columns of a table are taken apart once. */
const typesOfColumns = new WeakMap<ColumnSpec, ClickHouseType>();

/** `depth`: 1 for the column's own value, 2 for an element of its array, and so on. */
function holdsNull(column: ColumnSpec, depth: number): boolean {
  let type = typesOfColumns.get(column);
  if (type === undefined) typesOfColumns.set(column, type = parseClickHouseType(column.type));
  for (let level = 1; level < depth; level++) {
    // Within a value of any other type ClickHouse itself decides.
    if (type.name !== "Array") return true;
    type = type.element;
  }
  return isNullableType(type);
}

/** True for types that hold NULL. */
export function isNullable(type: string): boolean {
  return isNullableType(parseClickHouseType(type));
}

function isNullableType(type: ClickHouseType): boolean {
  return type.nullable || (type.name === "Other" && (type.word === "Dynamic" || type.word === "Variant"));
}
