import type { TableSpec } from "../../ports/warehouse.ts";
import type { TableStorage } from "../../record/table_storage.ts";
import type { ConnectedDatabase, Connection } from "./connection.ts";
import { literal, rowsName } from "./table_sql.ts";

export interface ActualColumn {
  readonly type: string;
  /** `CODEC(...)` in ClickHouse's spelling, or empty. */
  readonly codec: string;
  /** `DEFAULT`, `EPHEMERAL`, `MATERIALIZED`, `ALIAS` or empty. */
  readonly kind: string;
  readonly expression: string;
}

/** A table as ClickHouse describes it. */
export interface ActualTable {
  /** With parameters and clauses: `ReplacingMergeTree(_version, _deleted) ORDER BY id SETTINGS ...`. */
  readonly engine: string;
  readonly sortingKey: string;
  readonly partitionKey: string;
  readonly columns: ReadonlyMap<string, ActualColumn>;
  readonly indexes: ReadonlySet<string>;
  /** Name to its SELECT, where projections are declared. */
  readonly projections: ReadonlyMap<string, string>;
  /** The statement that would make it. */
  readonly definition: string;
}

/** The rows table as it is now; `null` if there is none. */
export async function actualTable(
  { connection, database }: ConnectedDatabase,
  table: Pick<TableSpec, "name"> & { readonly storage?: Pick<TableStorage, "projections"> },
): Promise<ActualTable | null> {
  const name = rowsName(table);
  const action = `describe "${database}.${name}"`;
  const where = `WHERE database = ${literal(database)} AND table = ${literal(name)}`;
  const tables = await connection.select(
    action,
    `SELECT engine_full, sorting_key, partition_key, create_table_query FROM system.tables WHERE database = ${
      literal(database)
    } AND name = ${literal(name)}`,
  );
  if (tables.length === 0) return null;
  const columns = await connection.select(
    action,
    `SELECT name, type, default_kind, default_expression, compression_codec FROM system.columns ${where}`,
  );
  const skipping = await connection.select(action, `SELECT name FROM system.data_skipping_indices ${where}`);
  // Older versions do not have this table.
  const projections = Object.keys(table.storage?.projections ?? {}).length === 0
    ? []
    : await connection.select(action, `SELECT name, query FROM system.projections ${where}`);
  return {
    engine: String(tables[0].engine_full),
    sortingKey: String(tables[0].sorting_key).replace(/^\((.*)\)$/, "$1"),
    partitionKey: String(tables[0].partition_key),
    columns: new Map(columns.map((column) => [
      String(column.name),
      {
        type: String(column.type),
        codec: String(column.compression_codec),
        kind: String(column.default_kind),
        expression: String(column.default_expression),
      },
    ])),
    indexes: new Set(skipping.map((index) => String(index.name))),
    projections: new Map(projections.map((projection) => [String(projection.name), String(projection.query)])),
    definition: String(tables[0].create_table_query),
  };
}

/**
 * Declared types in ClickHouse's own spelling (`Decimal(18,2)` is `Decimal(18, 2)`, `BIGINT` is `Int64`), by column.
 */
export async function canonicalTypes(
  connection: Connection,
  table: Pick<TableSpec, "name" | "columns">,
): Promise<Map<string, string>> {
  const action = `read the column types of "${table.name}"`;
  const types = table.columns.map((column) => `toTypeName(defaultValueOfTypeName(${literal(column.type)}))`);
  const [row] = await connection.select(action, `SELECT [${types.join(", ")}] AS types`);
  const canonical = row.types as string[];
  return new Map(table.columns.map((column, index) => [column.name, canonical[index]]));
}
