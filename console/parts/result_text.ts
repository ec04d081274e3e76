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

/** A result as an array of objects, one a line. A name that a column before has is followed by a number: `id_2`. */
export function jsonOf({ columns, rows }: Pick<QueryResult, "columns" | "rows">): string {
  const names = distinct(columns.map(({ name }) => name));
  const lines = rows.map((row) => JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at]]))));
  return `[\n${lines.join(",\n")}\n]\n`;
}

function distinct(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let number = 2; seen.has(own) || (own !== name && taken.has(own)); number++) own = `${name}_${number}`;
    seen.add(own);
    return own;
  });
}
