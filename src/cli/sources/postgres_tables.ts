import type pg from "pg";
import { connectPostgres } from "../verify/postgres_truth.ts";
import type { PostgresConfiguration } from "../config/database_variables.ts";
import { commentLines, isDebeziumsOwn, keyOfTable, topicName } from "./database_table.ts";
import { type CatalogueColumn, type CatalogueTable, catalogueTables, publicationNames } from "./postgres_catalogue.ts";
import { declaredArray, declaredType, type TimeMode } from "./postgres_type.ts";
import type { LeftOut, Pulled, PulledColumn, PulledTable, RefusedTable } from "./pulled_table.ts";

/** Which tables of a database are pulled, and how the connector writes them. */
export interface PostgresPull {
  readonly publication?: string;
  readonly schema?: string;
  readonly tables: readonly string[];
  /** The connector's `topic.prefix`; absent: the database's name. */
  readonly prefix?: string;
  /** Absent: microseconds, and columns for which it matters say so. */
  readonly mode?: TimeMode;
}

/**
 * The tables of a database as Debezium's topics. Reads the catalogue alone, and no row.
 * @throws ConfigError if the database cannot be reached, or has no such table
 */
export async function postgresTables(configuration: PostgresConfiguration, pull: PostgresPull): Promise<Pulled> {
  const client = await connectPostgres(configuration, "read its tables");
  try {
    const publication = await chosenPublication(client, pull);
    const found = await catalogueTables(client, { publication, schema: pull.schema ?? null, tables: pull.tables });
    const own = pull.tables.length > 0 ? [] : found.filter(({ name }) => isDebeziumsOwn(name));
    const tables = found.filter((table) => !own.includes(table));
    const prefix = pull.prefix ?? client.database!;
    const declared = tables.map((table) => declaredTable(table, { prefix, mode: pull.mode }));
    return {
      from: `PostgreSQL ${client.host}:${client.port}/${client.database}` +
        (publication === null ? "" : `, publication "${publication}"`),
      whole: pull.tables.length === 0 && pull.schema === undefined,
      tables: declared.filter((table) => "topic" in table),
      refused: declared.filter((table) => "why" in table),
      notes: notesOf({ pull, own, tables, prefix, user: client.user! }),
    };
  } finally {
    await client.end();
  }
}

/** The publication that is named, or the only one where no tables are named otherwise. */
async function chosenPublication(client: pg.Client, pull: PostgresPull): Promise<string | null> {
  if (pull.publication !== undefined) return pull.publication;
  if (pull.schema !== undefined || pull.tables.length > 0) return null;
  const names = await publicationNames(client);
  return names.length === 1 ? names[0] : null;
}

interface Noted {
  readonly pull: PostgresPull;
  readonly own: readonly CatalogueTable[];
  readonly tables: readonly CatalogueTable[];
  readonly prefix: string;
  readonly user: string;
}

function notesOf({ pull, own, tables, prefix, user }: Noted): string[] {
  const unreadable = tables.filter(({ readable }) => !readable).map(({ name }) => name);
  return [
    ...pull.prefix !== undefined ? [] : [
      `Topics begin with "${prefix}", the database's name: give the connector's topic.prefix with --prefix if it is ` +
      "another",
    ],
    ...own.length === 0 ? [] : [
      `Left out as Debezium's own: ${own.map(({ name }) => name).join(", ")} (name them with --tables to have them)`,
    ],
    ...unreadable.length === 0 ? [] : [
      `"${user}" may not read ${unreadable.join(", ")}, which verify would need: GRANT SELECT`,
    ],
  ];
}

interface Naming {
  readonly prefix: string;
  readonly mode: TimeMode | undefined;
}

function declaredTable(table: CatalogueTable, { prefix, mode }: Naming): PulledTable | RefusedTable {
  const { schema, name, comment } = table;
  const title = `${schema}.${name}`;
  const key = keyOfTable(table);
  if ("why" in key) return { title, why: key.why };
  const columns: PulledColumn[] = [];
  const leftOut: LeftOut[] = [];
  for (const column of table.columns) {
    const declared = declaredColumn(column, mode);
    if ("why" in declared) leftOut.push(declared);
    else columns.push(declared);
  }
  const lost = leftOut.find((column) => key.columns.includes(column.name));
  if (lost !== undefined) return { title, why: `its key column "${lost.name}" cannot be read: ${lost.why}` };
  return {
    topic: topicName([prefix, schema, name]),
    title,
    key: key.columns,
    comments: [...commentLines(comment), ...key.comments],
    columns,
    leftOut,
  };
}

function declaredColumn(column: CatalogueColumn, mode: TimeMode | undefined): PulledColumn | LeftOut {
  const { name, comment, nullable, generated, published, type, array } = column;
  if (generated) return { name, why: "a generated column is not part of the change stream" };
  if (!published) return { name, why: "the publication does not have it" };
  const declared = array ? declaredArray(type, { mode }) : declaredType(type, { mode });
  if ("refused" in declared) return { name, why: declared.refused };
  return {
    name,
    expression: nullable ? `${declared.expression}.nullable()` : declared.expression,
    comments: [...commentLines(comment), ...declared.comment === undefined ? [] : [declared.comment]],
  };
}
