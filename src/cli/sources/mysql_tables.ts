import type { MysqlConfiguration } from "../config/database_variables.ts";
import { connectMysql } from "../verify/mysql_client.ts";
import { commentLines, databaseTable, isDebeziumsOwn, pullNotes } from "./database_table.ts";
import { mysqlCatalogue, type MysqlCatalogueColumn } from "./mysql_catalogue.ts";
import { declaredMysqlType } from "./mysql_type.ts";
import type { LeftOut, Pulled, PulledColumn } from "./pulled_table.ts";

/** Which tables of a server are pulled. */
export interface MysqlPull {
  /** A database; absent: that of the address, or all. */
  readonly schema?: string;
  readonly tables: readonly string[];
  /** The connector's `topic.prefix`; absent: the first database's name. */
  readonly prefix?: string;
}

/**
 * The tables of a MySQL or MariaDB server as Debezium's topics. Reads `information_schema` alone, and no row.
 * @throws ConfigError if it cannot be reached, or has no such table
 */
export async function mysqlTables(configuration: MysqlConfiguration, pull: MysqlPull): Promise<Pulled> {
  const client = await connectMysql(configuration, "read its tables");
  const address = new URL(configuration.url);
  const database = pull.schema ?? (decodeURIComponent(address.pathname.slice(1)) || null);
  try {
    const all = await mysqlCatalogue(client, { database, tables: pull.tables });
    const own = pull.tables.length > 0 ? [] : all.filter(isDebeziumsOwn);
    const tables = all.filter((table) => !own.includes(table));
    const prefix = pull.prefix ?? all[0].database;
    const declared = tables.map((table) =>
      databaseTable(table, { prefix, schema: table.database, all: table.columns.map(declaredColumn) })
    );
    return {
      from: `MySQL ${address.host}${database === null ? "" : `/${database}`}`,
      whole: pull.tables.length === 0 && pull.schema === undefined,
      tables: declared.filter((table) => "topic" in table),
      refused: declared.filter((table) => "why" in table),
      notes: pullNotes(pull, { prefix, own }),
    };
  } finally {
    await client.end();
  }
}

function declaredColumn({ name, comment, nullable, generated, type }: MysqlCatalogueColumn): PulledColumn | LeftOut {
  if (generated) return { name, why: "the database computes it: compute it in mapValues()" };
  const declared = declaredMysqlType(type);
  if ("refused" in declared) return { name, why: declared.refused };
  return {
    name,
    expression: nullable ? `${declared.expression}.nullable()` : declared.expression,
    comments: [...commentLines(comment), ...declared.comment === undefined ? [] : [declared.comment]],
  };
}
