import type pg from "pg";
import { connectPostgres } from "../verify/postgres_truth.ts";
import type { PostgresConfiguration } from "../config/database_variables.ts";
import { commentLines, databaseTable, isDebeziumsOwn, pullNotes } from "./database_table.ts";
import { type CatalogueColumn, type CatalogueTable, catalogueTables, publicationNames } from "./postgres_catalogue.ts";
import { declaredArray, declaredType, type TimeMode } from "./postgres_type.ts";
import type { LeftOut, Pulled, PulledColumn } from "./pulled_table.ts";

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
    const own = pull.tables.length > 0 ? [] : found.filter(isDebeziumsOwn);
    const tables = found.filter((table) => !own.includes(table));
    const prefix = pull.prefix ?? client.database!;
    const declared = tables.map((table) =>
      databaseTable(table, {
        ...{ prefix, schema: table.schema },
        all: table.columns.map((column) => declaredColumn(column, pull.mode)),
      })
    );
    return {
      from: `PostgreSQL ${client.host}:${client.port}/${client.database}` +
        (publication === null ? "" : `, publication "${publication}"`),
      whole: pull.tables.length === 0 && pull.schema === undefined,
      tables: declared.filter((table) => "topic" in table),
      refused: declared.filter((table) => "why" in table),
      notes: [...pullNotes(pull, { prefix, own }), ...rightNotes(tables, client.user!)],
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

function rightNotes(tables: readonly CatalogueTable[], user: string): string[] {
  const unreadable = tables.filter(({ readable }) => !readable).map(({ name }) => name);
  return unreadable.length === 0
    ? []
    : [`"${user}" may not read ${unreadable.join(", ")}, which verify would need: GRANT SELECT`];
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
