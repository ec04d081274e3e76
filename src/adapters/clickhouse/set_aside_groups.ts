import type { SetAsideGroup, TableSpec } from "../../ports/warehouse.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { qualified, rowsName } from "./table_sql.ts";
import { setAsideSelect } from "./totals_sql.ts";

/** The groups that the view of a table of shares leaves out: how many, and at most `limit` of them. */
export async function setAsideGroups(
  { connection, database }: ConnectedDatabase,
  { table, limit }: { readonly table: TableSpec; readonly limit: number },
): Promise<{ count: number; groups: readonly SetAsideGroup[] }> {
  const sql = setAsideSelect(table, { source: `${qualified(database, rowsName(table))} FINAL`, limit });
  const rows = await connection.select(`find what "${database}.${table.name}" leaves out`, sql);
  const groups = rows.map(({ key, column, total }) => ({
    key: String(key),
    column: column === null ? null : String(column),
    total: total === null ? null : String(total),
  }));
  return { count: Number(rows[0]?.count ?? 0), groups };
}
