import type { TableSpec } from "../ports/warehouse.ts";
import { ProductionError } from "../record/errors.ts";
import type { SelectedRow } from "./selected_rows.ts";
import { storedValueOf } from "./stored_value.ts";

/** What is read of a table's declaration. */
type LineTable = Pick<TableSpec, "name" | "columns" | "key">;

/** A row's values as ClickHouse stores them (null for a tombstone), and what tells it from rows of other keys. */
export interface ReadLine {
  readonly id: string;
  readonly values: readonly unknown[] | null;
}

export interface LineReader {
  /** @throws ProductionError for content that ClickHouse refuses */
  row(line: Uint8Array): ReadLine;
  /** @throws ProductionError for a key that ClickHouse refuses */
  key(keyLine: string): ReadLine;
}

const decoder = new TextDecoder();

/** Rows are one row in ClickHouse when the key's columns as stored are equal, whatever Weir's keys are. */
export function lineReader(table: LineTable): LineReader {
  const stored = table.columns.map(storedValueOf);
  const places = table.key.map((name) => table.columns.findIndex((column) => column.name === name));
  return {
    row(bytes) {
      const line = decoder.decode(bytes);
      const read = readLine(table, line);
      if (read.length !== stored.length) throw refusedLine(table, line);
      const values = read.map((value, index) => stored[index](value));
      return { id: text(places.map((place) => values[place])), values };
    },
    key(keyLine) {
      return { id: text(readLine(table, keyLine).map((value, index) => stored[places[index]](value))), values: null };
    },
  };
}

function readLine(table: LineTable, line: string): unknown[] {
  try {
    return JSON.parse(`${line}]`, exactInteger as (key: string, value: unknown) => unknown);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refusedLine(table, line);
  }
}

function refusedLine({ name, columns }: LineTable, line: string): ProductionError {
  const message = `Cannot insert into "${name}_rows": ${columns.length} values of JSON are expected, not ${line}]`;
  return new ProductionError(message, { retriable: false, reason: "content" });
}

/** JSON in which bigints are bare digits. */
function text(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  return Array.isArray(value) ? `[${value.map(text).join(",")}]` : JSON.stringify(value);
}

/** The row as a SELECT shows it. */
export function objectOf({ columns }: Pick<LineTable, "columns">, values: readonly unknown[]): SelectedRow {
  return Object.fromEntries(columns.map(({ name }, index) => [name, values[index]]));
}

/** Integers beyond 2^53 with all their digits, as bigints. */
function exactInteger(_key: string, value: unknown, { source }: { source: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
}
