import type { ColumnSpec } from "../../ports/warehouse.ts";
import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";

/**
 * Names the first column that holds null and must not, also within its arrays, maps and tuples, in a line of
 * JSONCompactEachRow without its closing bracket; `null` if there is none. ClickHouse itself refuses null only in some
 * types: in a column of integers, floats or dates it stores a silent zero.
 */
export function forbiddenNull(line: string, columns: readonly ColumnSpec[]): ColumnSpec | null {
  if (!line.includes("null")) return null;
  let place = 0;
  let depth = 0;
  let values: readonly unknown[] | null = null;
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
        if (columns[place] === undefined) break;
        switch (holdsNull(columns[place], depth)) {
          case false:
            return columns[place];
          case null:
            values ??= valuesOf(line);
            if (!holdsNulls(typeOf(columns[place]), values[place])) return columns[place];
        }
    }
  }
  return null;
}

/** The line's values; none if it is no JSON, which is for ClickHouse to say. */
function valuesOf(line: string): readonly unknown[] {
  try {
    return JSON.parse(`${line}]`);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Every null of every row asks: the columns of a table are taken apart once. */
const typesOfColumns = new WeakMap<ColumnSpec, ClickHouseType>();

function typeOf(column: ColumnSpec): ClickHouseType {
  let type = typesOfColumns.get(column);
  if (type === undefined) typesOfColumns.set(column, type = parseClickHouseType(column.type));
  return type;
}

/**
 * `depth`: 1 for the column's own value, 2 for an element of its array, and so on. Null if it depends on where in a map
 * or a tuple the value stands.
 */
function holdsNull(column: ColumnSpec, depth: number): boolean | null {
  let type = typeOf(column);
  for (let level = 1; level < depth; level++) {
    if (type.name === "Map" || type.name === "Tuple") return null;
    // Within a value of any other type ClickHouse itself decides.
    if (type.name !== "Array") return true;
    type = type.element;
  }
  return type.nullable;
}

/** Whether every null in a value of the type may be there. */
function holdsNulls(type: ClickHouseType, value: unknown): boolean {
  if (value === null) return type.nullable;
  if (typeof value !== "object") return true;
  switch (type.name) {
    case "Array":
      return Object.values(value).every((element) => holdsNulls(type.element, element));
    case "Map":
      return Object.values(value).every((element) => holdsNulls(type.value, element));
    case "Tuple": {
      const { names, elements } = type;
      const places = names !== null && !Array.isArray(value) ? names : elements.map((_, index) => String(index));
      return places.every((place, index) =>
        holdsNulls(elements[index], (value as Record<string, unknown>)[place] ?? null)
      );
    }
    default:
      return true;
  }
}

/** True for types that hold NULL. */
export function isNullable(type: string): boolean {
  return parseClickHouseType(type).nullable;
}
