import type { ColumnSpec } from "../../ports/warehouse.ts";
import { ProductionError } from "../../record/errors.ts";
import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";

/**
 * Names the first column that holds null and must not, also within its arrays, maps and tuples, in a line of
 * JSONCompactEachRow (UTF-8) without its closing bracket; `null` if there is none. ClickHouse itself refuses null only
 * in some types: in a column of integers, floats or dates it stores a silent zero.
 */
export function forbiddenNull(line: Uint8Array, columns: readonly ColumnSpec[]): ColumnSpec | null {
  if (!mentionsNull(line)) return null;
  let place = 0;
  let depth = 0;
  let values: readonly unknown[] | null = null;
  for (let index = 0; index < line.length; index++) {
    switch (line[index]) {
      case 34: // A string: skipped to its closing quote.
        for (index++; index < line.length && line[index] !== 34; index++) {
          if (line[index] === 92) index++;
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

/** A line of a table, and which row of it that is in words. */
interface CheckedLine {
  readonly table: string;
  readonly columns: readonly ColumnSpec[];
  readonly row: string;
}

/** @throws ProductionError of reason `content` when the line holds null where none may be */
export function refuseNull(line: Uint8Array, { table, columns, row }: CheckedLine): void {
  const column = forbiddenNull(line, columns);
  if (column === null) return;
  const message = `Cannot insert "${column.name}" of "${table}" as ${column.type}: current value is null, ${row}`;
  throw new ProductionError(`${message}. Declare the column Nullable, or give it a value`, {
    retriable: false,
    reason: "content",
  });
}

/** Half of the time of `Buffer.includes`, for lines of usual length. */
function mentionsNull(line: Uint8Array): boolean {
  for (let index = line.length - 4; index >= 0; index--) {
    if (line[index] === 110 && line[index + 1] === 117 && line[index + 2] === 108 && line[index + 3] === 108) {
      return true;
    }
  }
  return false;
}

/** The line's values; none if it is no JSON, which is for ClickHouse to say. */
function valuesOf(line: Uint8Array): readonly unknown[] {
  try {
    return JSON.parse(`${new TextDecoder().decode(line)}]`);
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
