import { qualified, quoted, rowsName } from "../../adapters/clickhouse/table_sql.ts";
import { totalsSelect } from "../../adapters/clickhouse/totals_sql.ts";
import { BARE_INTEGERS, type Connection } from "../../adapters/clickhouse/connection.ts";
import type { TableSpec } from "../../ports/warehouse.ts";
import { textLines } from "../text_lines.ts";
import type { CanonicalColumn } from "./canonical.ts";
import { canonicalKey, type CanonicalRow } from "./compare.ts";

/** In a column of JSON an integer must not look like a text. */
const READ = { settings: BARE_INTEGERS };

/** A sink's table in its database, and what is read of it. */
interface ShownTable {
  readonly database: string;
  readonly table: TableSpec;
  readonly columns: readonly CanonicalColumn[];
}

/** What people see: the view. */
export function viewSql({ database, table, columns }: ShownTable): string {
  return `SELECT ${columns.map((column) => column.sql).join(", ")} FROM ${qualified(database, table.name)}`;
}

/**
 * The same from the stored rows, without FINAL and without the view: the newest version of each key, if it is not a
 * tombstone; shares of an aggregate added up. The tuple keeps nulls, which argMax alone would skip.
 */
export function storedSql({ database, table, columns }: ShownTable): string {
  const names = table.columns.map((column) => column.name);
  const group = [...table.key.map(quoted), ...(table.shares ? ["_task"] : [])].join(", ");
  const tuple = `tuple(${[...names, "_deleted"].map(quoted).join(", ")})`;
  const newest = `SELECT argMax(${tuple}, _version) AS _newest FROM ${
    qualified(database, rowsName(table))
  } GROUP BY ${group}`;
  const parts = names.map((name, index) => `tupleElement(_newest, ${index + 1}) AS ${quoted(name)}`);
  const rows = `SELECT ${parts.join(", ")} FROM (${newest}) WHERE tupleElement(_newest, ${names.length + 1}) = 0`;
  const select = `SELECT ${columns.map((column) => column.sql).join(", ")}`;
  if (!table.shares) return `${select} FROM (${rows})`;
  return `${select} FROM (${totalsSelect(table, `(${rows})`)})`;
}

/** Rows that a query gives, as they come: an array of JSON each. @throws ProductionError */
export async function* selectLines(
  connection: Connection,
  { action, sql }: { readonly action: string; readonly sql: string },
): AsyncGenerator<readonly string[]> {
  const bytes = connection.bytes(action, `${sql} FORMAT JSONCompactEachRow`, READ);
  for await (const lines of textLines(bytes)) yield lines.filter((line) => line !== "");
}

/** What a line of {@link selectLines} says, if the query is over these columns. */
export function rowOf(columns: readonly CanonicalColumn[], line: string): CanonicalRow {
  const values = JSON.parse(line) as unknown[];
  return columns.map((column, index) => column.actual(values[index]));
}

/** What a query over these columns gives, by the text of the key. `key`: its places. @throws ProductionError */
export async function rowsByKey(
  { columns, key }: { readonly columns: readonly CanonicalColumn[]; readonly key: readonly number[] },
  { connection, ...query }: { readonly connection: Connection; readonly action: string; readonly sql: string },
): Promise<Map<string, CanonicalRow[]>> {
  const found = new Map<string, CanonicalRow[]>();
  for await (const lines of selectLines(connection, query)) {
    for (const line of lines) {
      const row = rowOf(columns, line);
      found.getOrInsertComputed(canonicalKey(key, row), () => []).push(row);
    }
  }
  return found;
}
