import type { MysqlConfiguration } from "../config/database_variables.ts";
import { connectMysql } from "../verify/mysql_client.ts";
import { commentLines, isDebeziumsOwn, keyOfTable, topicName } from "./database_table.ts";
import { mysqlCatalogue, type MysqlCatalogueColumn, type MysqlCatalogueTable } from "./mysql_catalogue.ts";
import { declaredMysqlType } from "./mysql_type.ts";
import type { LeftOut, Pulled, PulledColumn, PulledTable, RefusedTable } from "./pulled_table.ts";

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
    const own = pull.tables.length > 0 ? [] : all.filter(({ name }) => isDebeziumsOwn(name));
    const tables = all.filter((table) => !own.includes(table));
    const prefix = pull.prefix ?? all[0].database;
    const declared = tables.map((table) => declaredTable(table, prefix));
    return {
      from: `MySQL ${address.host}${database === null ? "" : `/${database}`}`,
      whole: pull.tables.length === 0 && pull.schema === undefined,
      tables: declared.filter((table) => "topic" in table),
      refused: declared.filter((table) => "why" in table),
      notes: [
        ...pull.prefix !== undefined ? [] : [
          `Topics begin with "${prefix}", the database's name: give the connector's topic.prefix with --prefix if it ` +
          "is another",
        ],
        ...own.length === 0 ? [] : [
          `Left out as Debezium's own: ${
            own.map(({ name }) => name).join(", ")
          } (name them with --tables to have them)`,
        ],
      ],
    };
  } finally {
    await client.end();
  }
}

function declaredTable(table: MysqlCatalogueTable, prefix: string): PulledTable | RefusedTable {
  const { database, name, comment } = table;
  const title = `${database}.${name}`;
  const key = keyOfTable(table);
  if ("why" in key) return { title, why: key.why };
  const columns: PulledColumn[] = [];
  const leftOut: LeftOut[] = [];
  for (const column of table.columns) {
    const declared = declaredColumn(column);
    if ("why" in declared) leftOut.push(declared);
    else columns.push(declared);
  }
  const lost = leftOut.find((column) => key.columns.includes(column.name));
  if (lost !== undefined) return { title, why: `its key column "${lost.name}" cannot be read: ${lost.why}` };
  return {
    topic: topicName([prefix, database, name]),
    title,
    key: key.columns,
    comments: [...commentLines(comment), ...key.comments],
    columns,
    leftOut,
  };
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
