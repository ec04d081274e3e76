import { ConfigError } from "../../record/errors.ts";
import { type MysqlClient, mysqlRows } from "../verify/mysql_client.ts";
import type { MysqlType } from "./mysql_type.ts";

/** A column of the catalogue. */
export interface MysqlCatalogueColumn {
  readonly name: string;
  readonly comment: string;
  readonly nullable: boolean;
  /** Computed by the database. */
  readonly generated: boolean;
  readonly type: MysqlType;
}

/** A table of the catalogue. */
export interface MysqlCatalogueTable {
  readonly database: string;
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly MysqlCatalogueColumn[];
  /** In the index's order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  /** The first unique index over columns that are never null, by name; empty if there is none. */
  readonly uniqueKey: readonly string[];
}

/** Which tables are looked for. */
export interface MysqlFilter {
  /** Null: all but the system's. */
  readonly database: string | null;
  /** `table` or `database.table`; empty: all. */
  readonly tables: readonly string[];
}

const SYSTEM = "('mysql', 'sys', 'information_schema', 'performance_schema')";
const TABLES_SQL = "SELECT table_schema, table_name, table_comment FROM information_schema.tables " +
  `WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ${SYSTEM} AND table_schema = COALESCE(?, table_schema) ` +
  "ORDER BY table_schema, create_time, table_name";
const COLUMNS_SQL = "SELECT table_schema, table_name, column_name, LOWER(data_type), column_type, " +
  "CAST(numeric_precision AS CHAR), CAST(numeric_scale AS CHAR), CAST(datetime_precision AS CHAR), is_nullable, " +
  "column_comment, COALESCE(generation_expression, '') FROM information_schema.columns " +
  `WHERE table_schema NOT IN ${SYSTEM} ORDER BY table_schema, table_name, ordinal_position`;
const KEYS_SQL =
  "SELECT table_schema, table_name, index_name, column_name, nullable FROM information_schema.statistics " +
  `WHERE non_unique = 0 AND table_schema NOT IN ${SYSTEM} ` +
  "ORDER BY table_schema, table_name, index_name <> 'PRIMARY', index_name, seq_in_index";
/** MariaDB alone tells the table of a check. */
const CHECKS_TELL_SQL = "SELECT column_name FROM information_schema.columns " +
  "WHERE table_schema = 'information_schema' AND table_name = 'CHECK_CONSTRAINTS' AND column_name = 'TABLE_NAME'";
const CHECKS_SQL = "SELECT constraint_schema, table_name, check_clause FROM information_schema.check_constraints";

/**
 * The tables that the filter names, of one database as they were made. Reads `information_schema` alone, which shows
 * what the user has any right to.
 * @throws ConfigError if there are none
 */
export async function mysqlCatalogue(client: MysqlClient, filter: MysqlFilter): Promise<MysqlCatalogueTable[]> {
  const rows = await mysqlRows(client, { sql: TABLES_SQL, values: [filter.database] });
  const columns = grouped(await mysqlRows(client, { sql: COLUMNS_SQL }));
  const keys = grouped(await mysqlRows(client, { sql: KEYS_SQL }));
  const json = await jsonColumns(client);
  const found = rows.map(([database, name, comment]): MysqlCatalogueTable => {
    const place = placeOf(database!, name!);
    const indexes = Object.entries(Object.groupBy(keys.get(place) ?? [], ([, , index]) => index!));
    const names = (index: readonly TextRow[] | undefined) => (index ?? []).map(([, , , column]) => column!);
    const required = indexes.filter(([index, parts]) => index !== "PRIMARY" && parts!.every((part) => part[4] === ""));
    return {
      database: database!,
      name: name!,
      comment: comment!,
      columns: (columns.get(place) ?? []).map((row) => columnOf(row, json)),
      primaryKey: names(indexes.find(([index]) => index === "PRIMARY")?.[1]),
      uniqueKey: names(required[0]?.[1]),
    };
  });
  const named = ({ database, name }: MysqlCatalogueTable) => (wanted: string) =>
    wanted === name || wanted === `${database}.${name}`;
  const missing = filter.tables.filter((wanted) => !found.some((table) => named(table)(wanted)));
  if (missing.length > 0 || found.length === 0) throw new ConfigError(nothingFound(filter, { missing, found }));
  return filter.tables.length === 0 ? found : found.filter((table) => filter.tables.some(named(table)));
}

type TextRow = readonly (string | null)[];

function placeOf(database: string, table: string): string {
  return JSON.stringify([database, table]);
}

function grouped(rows: readonly TextRow[]): Map<string, TextRow[]> {
  return Map.groupBy(rows, ([database, table]) => placeOf(database!, table!));
}

/** Columns that a check says are JSON, as `database`, `table`, `column`. */
async function jsonColumns(client: MysqlClient): Promise<ReadonlySet<string>> {
  const tells = await mysqlRows(client, { sql: CHECKS_TELL_SQL });
  if (tells.length === 0) return new Set();
  const checks = await mysqlRows(client, { sql: CHECKS_SQL });
  return new Set(checks.flatMap(([database, table, clause]) => {
    const column = /^json_valid\(`(?<column>(?:[^`]|``)+)`\)$/.exec(clause!)?.groups?.column;
    return column === undefined ? [] : [JSON.stringify([database, table, column.replaceAll("``", "`")])];
  }));
}

function columnOf(row: TextRow, json: ReadonlySet<string>): MysqlCatalogueColumn {
  const [database, table, name, type, full, precision, scale, fraction, nullable, comment, expression] = row;
  const number = (text: string | null) => text === null ? null : Number(text);
  return {
    name: name!,
    comment: comment!,
    nullable: nullable === "YES",
    generated: expression !== "",
    type: {
      name: type!,
      full: full!,
      precision: number(precision),
      scale: number(scale),
      fraction: number(fraction),
      json: json.has(JSON.stringify([database, table, name])),
    },
  };
}

function nothingFound(
  { database }: MysqlFilter,
  { missing, found }: { readonly missing: readonly string[]; readonly found: readonly MysqlCatalogueTable[] },
): string[] {
  const where = database === null ? "the server" : `database "${database}"`;
  const there = found.map(({ database, name }) => `${database}.${name}`).join(", ") || "no table";
  if (missing.length === 0) {
    return [`Cannot find a table in ${where} that this user has a right to. Check the database's name in the address`];
  }
  return missing.map((name) => `Cannot find table "${name}" in ${where}: there is ${there}. Correct --tables`);
}
