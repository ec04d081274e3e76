import type { ColumnSpec } from "../../ports/warehouse.ts";

/**
 * Names the first column that holds null and must not, in a line of JSONCompactEachRow without its closing bracket; `null` if there is
 * none. ClickHouse itself refuses null only in some types: in a column of integers, floats or dates it stores a silent zero.
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
        if (depth === 1 && columns[place] !== undefined && !isNullable(columns[place].type)) return columns[place];
    }
  }
  return null;
}

/** True for types that hold NULL. */
export function isNullable(type: string): boolean {
  return /^(LowCardinality\()?Nullable\(|^(Dynamic|Variant)\b/.test(type);
}
