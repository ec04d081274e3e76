import type { QueryResult } from "../api/contract.ts";
import { textOf } from "./text.ts";

/** A result as CSV (RFC 4180) with a line of names; null is an empty field, an empty text `""`. */
export function csvOf({ columns, rows }: Pick<QueryResult, "columns" | "rows">): string {
  const line = (fields: readonly string[]) => `${fields.join(",")}\r\n`;
  const field = (value: unknown) => value === null || value === undefined ? "" : quoted(textOf(value));
  return line(columns.map(({ name }) => quoted(name))) + rows.map((row) => line(row.map(field))).join("");
}

function quoted(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A result as an array of objects, one a line. */
export function jsonOf({ columns, rows }: Pick<QueryResult, "columns" | "rows">): string {
  const lines = rows.map((row) => JSON.stringify(Object.fromEntries(columns.map(({ name }, at) => [name, row[at]]))));
  return `[\n${lines.join(",\n")}\n]\n`;
}
