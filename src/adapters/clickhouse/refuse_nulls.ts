import type { ColumnSpec } from "../../ports/warehouse.ts";
import { parseClickHouseType } from "../../record/clickhouse_type.ts";

/**
 * Names the first column that holds null and must not, in a line of JSONCompactEachRow without its closing bracket;
 * `null` if there is none. ClickHouse itself refuses null only in some types: in a column of integers, floats or dates
 * it stores a silent zero.
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
        if (depth === 1 && columns[place] !== undefined && !holdsNull(columns[place])) return columns[place];
    }
  }
  return null;
}

/** Every null of every row asks: the columns of a table are taken apart once. */
const columnsThatHoldNull = new WeakMap<ColumnSpec, boolean>();

function holdsNull(column: ColumnSpec): boolean {
  let holds = columnsThatHoldNull.get(column);
  if (holds === undefined) columnsThatHoldNull.set(column, holds = isNullable(column.type));
  return holds;
}

/** True for types that hold NULL. */
export function isNullable(type: string): boolean {
  const parsed = parseClickHouseType(type);
  return parsed.nullable || (parsed.name === "Other" && (parsed.word === "Dynamic" || parsed.word === "Variant"));
}
