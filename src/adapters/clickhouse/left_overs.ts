import type { TableSpec, Warehouse } from "../../ports/warehouse.ts";
import { onCluster } from "./cluster.ts";
import { bookkeepingColumns, literal, literalArray, qualified, quoted, rowsName, type TableHome } from "./table_sql.ts";

/** A table or a column that Weir made, and no sink declares any more. */
export interface LeftOver {
  /** As a person would say it: `table "old"`, `column "town" of table "users"`. */
  readonly what: string;
  /** What removes it. */
  readonly statement: string;
}

interface ActualColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: string;
  readonly expression: string;
}

/**
 * What is left over in a database of which `declared` are all tables that are written. A table is Weir's if it has the
 * engine and every column that Weir adds, each of its type; a person's own tables have not, and neither are columns
 * told that compute their values, nor those that the declared ones still need.
 */
export async function leftOvers(
  warehouse: Pick<Warehouse, "query">,
  { database, cluster, declared }: TableHome & { readonly declared: readonly TableSpec[] },
): Promise<LeftOver[]> {
  const specs = new Map(declared.map((table) => [rowsName(table), table]));
  const left: LeftOver[] = [];
  for (const [name, columns] of await weirTables(warehouse, database)) {
    const table = specs.get(name);
    if (table === undefined) left.push(await leftTable(warehouse, { database, cluster, name }));
    else left.push(...await leftColumns(warehouse, { database, cluster, table, columns }));
  }
  return left;
}

/** Columns of all tables that Weir made, by the table's name. */
async function weirTables(
  warehouse: Pick<Warehouse, "query">,
  database: string,
): Promise<Map<string, readonly ActualColumn[]>> {
  const rows = await warehouse.query(
    "SELECT table, name, type, default_kind AS kind, default_expression AS expression FROM system.columns " +
      `WHERE database = ${literal(database)} AND table IN (SELECT name FROM system.tables ` +
      `WHERE database = ${literal(database)} AND ` +
      "match(engine_full, '^(Replicated|Shared)?ReplacingMergeTree\\\\((.*, )?_version, _deleted\\\\)')) " +
      "ORDER BY table, position",
  );
  const tables = Map.groupBy(rows as unknown as (ActualColumn & { readonly table: string })[], ({ table }) => table);
  const added = bookkeepingColumns({ name: "", columns: [], key: [], shares: false });
  const isWeirs = (columns: readonly ActualColumn[]) =>
    added.every(({ name, type }) => columns.some((column) => column.name === name && column.type === type));
  return new Map([...tables].filter(([, columns]) => isWeirs(columns)));
}

/** The table, and its view if that is still there. */
async function leftTable(
  warehouse: Pick<Warehouse, "query">,
  { database, cluster, name }: TableHome & { readonly name: string },
): Promise<LeftOver> {
  const view = name.replace(/_rows$/, "");
  const views = view === name ? [] : await warehouse.query(
    `SELECT name FROM system.tables WHERE database = ${literal(database)} AND engine = 'View' ` +
      `AND name = ${literal(view)} AND position(as_select, ${literal(name)}) > 0`,
  );
  const drops = views.length === 0 ? [] : [`DROP VIEW ${qualified(database, view)}${onCluster(cluster)}`];
  return {
    what: `table "${views.length === 0 ? name : view}"`,
    statement: [...drops, `DROP TABLE ${qualified(database, name)}${onCluster(cluster)}`].join("; "),
  };
}

async function leftColumns(
  warehouse: Pick<Warehouse, "query">,
  { database, cluster, table, columns }: TableHome & {
    readonly table: TableSpec;
    readonly columns: readonly ActualColumn[];
  },
): Promise<LeftOver[]> {
  const known = new Set([...table.columns, ...bookkeepingColumns(table)].map(({ name }) => name));
  // The check is over the columns that the table's last writer declared: one in it is not left over yet.
  const checked = columns.find(({ name }) => name === "_check")!.expression;
  const isChecked = (name: string) => checked.includes(quoted(name)) || checked.split(/[\s,()]+/).includes(name);
  const left = columns.filter(({ name, kind }) => !known.has(name) && kind === "" && !isChecked(name));
  if (left.length === 0) return [];
  const indexes = await warehouse.query(
    "SELECT name, expr FROM system.data_skipping_indices " +
      `WHERE database = ${literal(database)} AND table = ${literal(rowsName(table))} ` +
      `AND expr IN ${literalArray(left.flatMap(({ name }) => [name, quoted(name)]))}`,
  );
  return left.map(({ name }) => {
    const own = indexes.filter(({ expr }) => expr === name || expr === quoted(name));
    const drops = own.map((index) => `DROP INDEX ${quoted(String(index.name))}`);
    const clauses = [...drops, `DROP COLUMN ${quoted(name)}`].join(", ");
    return {
      what: `column "${name}" of table "${table.name}"`,
      statement: `ALTER TABLE ${qualified(database, rowsName(table))}${onCluster(cluster)} ${clauses}`,
    };
  });
}
