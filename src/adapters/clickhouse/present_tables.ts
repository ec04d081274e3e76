import type { TablePresence, TableSpec } from "../../ports/warehouse.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { literal, literalArray, rowsName } from "./table_sql.ts";

/**
 * Which tables and views are there; a database that is gone has none. A table's id is its UUID, which all tables share
 * in a database of another engine than Atomic and its kin, such as the embedded ClickHouse's first one.
 */
export async function presentTables(
  { connection, database }: ConnectedDatabase,
  tables: readonly Pick<TableSpec, "name">[],
): Promise<Map<string, TablePresence>> {
  const names = tables.flatMap((table) => [table.name, rowsName(table)]);
  const rows = await connection.select(
    `look for the tables of "${database}"`,
    `SELECT name, engine, toString(uuid) AS id FROM system.tables WHERE database = ${literal(database)} ` +
      `AND name IN ${literalArray(names)}`,
  );
  const found = new Map(rows.map((row) => [String(row.name), row]));
  return new Map(tables.map((table) => {
    const id = found.get(rowsName(table))?.id;
    return [table.name, {
      id: id === undefined ? null : String(id),
      view: found.get(table.name)?.engine === "View",
    }];
  }));
}
