import type pg from "pg";
import { postgresRows } from "../postgres_rows.ts";
import { ConfigError } from "../../record/errors.ts";
import type { PostgresType } from "./postgres_type.ts";

/** A column of the catalogue. */
export interface CatalogueColumn {
  readonly name: string;
  readonly comment: string | null;
  readonly nullable: boolean;
  /** Computed by the database: it is not part of the change stream. */
  readonly generated: boolean;
  /** False if the publication has a list of columns, and this is not one of them. */
  readonly published: boolean;
  readonly type: PostgresType;
  /** Of arrays: the type is that of the elements. */
  readonly array: boolean;
}

/** A table of the catalogue. */
export interface CatalogueTable {
  readonly schema: string;
  readonly name: string;
  readonly comment: string | null;
  readonly columns: readonly CatalogueColumn[];
  /** In the index's order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  /** The first unique index over columns that are never null, by name; empty if there is none. */
  readonly uniqueKey: readonly string[];
  readonly readable: boolean;
}

/** Which tables are looked for. */
export interface TableFilter {
  readonly publication: string | null;
  /** Null: all but the system's. */
  readonly schema: string | null;
  /** `table` or `schema.table`; empty: all. */
  readonly tables: readonly string[];
}

const TABLES_SQL = `
WITH RECURSIVE base(oid, base, typmod, required) AS (
  SELECT oid, oid, -1, false FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT d.oid, b.base, CASE WHEN d.typtypmod >= 0 THEN d.typtypmod ELSE b.typmod END, d.typnotnull OR b.required
  FROM pg_type d JOIN base b ON d.typbasetype = b.oid WHERE d.typtype = 'd'
), columns AS (
  SELECT a.attrelid, json_agg(json_build_object(
      'name', a.attname,
      'comment', col_description(a.attrelid, a.attnum),
      'nullable', NOT (a.attnotnull OR b.required),
      'generated', a.attgenerated <> '',
      'array', element.oid IS NOT NULL,
      'type', json_build_object(
        'name', coalesce(element.typname, t.typname),
        'kind', coalesce(element.typtype, t.typtype),
        'category', coalesce(element.typcategory, t.typcategory),
        'typmod', coalesce(nullif(a.atttypmod, -1), nullif(b.typmod, -1), nullif(inner_base.typmod, -1)),
        'labels', coalesce((
          SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum
          WHERE enumtypid = coalesce(element.oid, t.oid)), '[]'))
    ) ORDER BY a.attnum) AS list
  FROM pg_attribute a
  JOIN base b ON b.oid = a.atttypid
  JOIN pg_type t ON t.oid = b.base
  LEFT JOIN base inner_base ON t.typcategory = 'A' AND inner_base.oid = t.typelem
  LEFT JOIN pg_type element ON element.oid = inner_base.base
  WHERE a.attnum > 0 AND NOT a.attisdropped
  GROUP BY a.attrelid
), keys AS (
  SELECT i.indrelid, i.indisprimary, ic.relname AS name, (
      SELECT json_agg(a.attname ORDER BY k.place)
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
      WHERE k.place <= i.indnkeyatts) AS list,
    (SELECT bool_and(a.attnotnull) FROM pg_attribute a
      WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey::int2[])) AS required
  FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
  WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid
)
SELECT json_build_object(
  'schema', n.nspname,
  'name', c.relname,
  'comment', obj_description(c.oid, 'pg_class'),
  'columns', coalesce(columns.list, '[]'),
  'primaryKey', coalesce((SELECT list FROM keys WHERE indrelid = c.oid AND indisprimary LIMIT 1), '[]'),
  'uniqueKey', coalesce((
    SELECT list FROM keys WHERE indrelid = c.oid AND NOT indisprimary AND required ORDER BY name LIMIT 1), '[]'),
  'partition', c.relispartition,
  'readable', has_table_privilege(c.oid, 'SELECT')) AS found
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN columns ON columns.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
ORDER BY n.nspname <> 'public', n.nspname, c.oid`;

/** A table that a publication has, with the columns that it publishes; null: all. */
interface Published {
  readonly columns: ReadonlySet<string> | null;
}

/**
 * The tables that the filter names, in the order in which they were made. A partition stands for itself only where the
 * publication publishes it as itself.
 * @throws ConfigError if there are none, or no such publication
 */
export async function catalogueTables(client: pg.Client, filter: TableFilter): Promise<CatalogueTable[]> {
  const rows = await postgresRows(client, TABLES_SQL);
  const all = rows.map(({ found }) => JSON.parse(found!)) as (CatalogueTable & { readonly partition: boolean })[];
  const published = filter.publication === null ? null : await publishedTables(client, filter.publication);
  const found = all.filter(({ schema, name, partition }) =>
    (published === null ? !partition : published.has(`${schema}.${name}`)) &&
    (filter.schema === null || schema === filter.schema)
  );
  const chosen = filter.tables.length === 0 ? found : found.filter((table) => filter.tables.some(named(table)));
  const missing = filter.tables.filter((wanted) => !found.some((table) => named(table)(wanted)));
  if (missing.length > 0 || chosen.length === 0) {
    throw new ConfigError(nothingFound(client, { filter, missing, found, all }));
  }
  return chosen.map((table) => {
    const only = published?.get(`${table.schema}.${table.name}`)?.columns ?? null;
    const columns = table.columns.map((column) => ({ ...column, published: only === null || only.has(column.name) }));
    return { ...table, columns };
  });
}

/** Names of the database's publications, sorted. */
export async function publicationNames(client: pg.Client): Promise<string[]> {
  const rows = await postgresRows(client, "SELECT pubname AS name FROM pg_publication ORDER BY pubname");
  return rows.map(({ name }) => name!);
}

async function publishedTables(client: pg.Client, publication: string): Promise<Map<string, Published>> {
  const names = await publicationNames(client);
  if (!names.includes(publication)) {
    throw new ConfigError([
      `Cannot find publication "${publication}" in database "${client.database}": there are ${
        names.join(", ") || "none"
      }. Name one of them with --publication, or leave it out`,
    ]);
  }
  // Lists of columns are known since PostgreSQL 15.
  const [{ version }] = await postgresRows(client, "SELECT current_setting('server_version_num') AS version");
  const list = Number(version) >= 150_000 ? "array_to_json(attnames)::text" : "NULL";
  const rows = await postgresRows(client, {
    text: `SELECT schemaname || '.' || tablename AS name, ${list} AS columns FROM pg_publication_tables ` +
      "WHERE pubname = $1",
    values: [publication],
  });
  return new Map(rows.map(({ name, columns }) => [
    name!,
    { columns: columns === null ? null : new Set(JSON.parse(columns) as string[]) },
  ]));
}

function named({ schema, name }: Pick<CatalogueTable, "schema" | "name">): (wanted: string) => boolean {
  return (wanted) => wanted === name || wanted === `${schema}.${name}`;
}

interface Looked {
  readonly filter: TableFilter;
  readonly missing: readonly string[];
  readonly found: readonly CatalogueTable[];
  readonly all: readonly CatalogueTable[];
}

function nothingFound(client: pg.Client, { filter, missing, found, all }: Looked): string[] {
  const where = [
    `database "${client.database}"`,
    ...filter.publication === null ? [] : [`publication "${filter.publication}"`],
    ...filter.schema === null ? [] : [`schema "${filter.schema}"`],
  ].join(", ");
  const names = (tables: readonly CatalogueTable[]) => tables.map(({ schema, name }) => `${schema}.${name}`).join(", ");
  if (missing.length > 0) {
    const there = names(found) || "no table";
    return missing.map((name) => `Cannot find table "${name}" in ${where}: there is ${there}. Correct --tables`);
  }
  const elsewhere = names(all);
  return [
    `Cannot find a table in ${where}: ${
      elsewhere === "" ? "the database has none. Check the database's name in the address" : `there are ${elsewhere}`
    }`,
  ];
}
