import type { ColumnSpec, TableSpec } from "../../ports/warehouse.ts";
import type { ConnectedDatabase, Connection } from "./connection.ts";
import {
  type BookkeepingColumn,
  bookkeepingColumns,
  FORGETFUL,
  indexes,
  literal,
  qualified,
  quoted,
  rowsName,
  sortingKey,
} from "./table_sql.ts";

export interface ActualColumn {
  readonly type: string;
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
  /** The statement that would make it. */
  readonly definition: string;
}

/** The rows table as it is now; `null` if there is none. */
export async function actualTable(
  { connection, database }: ConnectedDatabase,
  table: Pick<TableSpec, "name">,
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
    `SELECT name, type, default_kind, default_expression FROM system.columns ${where}`,
  );
  const skipping = await connection.select(action, `SELECT name FROM system.data_skipping_indices ${where}`);
  return {
    engine: String(tables[0].engine_full),
    sortingKey: String(tables[0].sorting_key).replace(/^\((.*)\)$/, "$1"),
    partitionKey: String(tables[0].partition_key),
    columns: new Map(columns.map((column) => [
      String(column.name),
      { type: String(column.type), kind: String(column.default_kind), expression: String(column.default_expression) },
    ])),
    indexes: new Set(skipping.map((index) => String(index.name))),
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

export interface ShapeComparison {
  /** What a person must change, with the statement that does it. */
  readonly problems: readonly string[];
  /** Declared columns that are missing. */
  readonly added: readonly string[];
  /** Clauses of one ALTER TABLE that brings the table to the declared shape. */
  readonly alterations: readonly string[];
}

/**
 * Compares what is with what is declared. A column that nobody declares any more is left alone: it keeps its default
 * and no view shows it.
 */
export function compareTable(
  { database, table, types, advise = (statement) => statement }: Omit<ConnectedDatabase, "connection"> & {
    readonly table: TableSpec;
    readonly types: ReadonlyMap<string, string>;
  },
  actual: ActualTable,
): ShapeComparison {
  const name = `${database}.${rowsName(table)}`;
  const target = qualified(database, rowsName(table));
  const aside = qualified(database, `${rowsName(table)}_old`);
  const rename = `Put the table aside with: ${advise(`RENAME TABLE ${target} TO ${aside}`)}; ` +
    "it is filled again from the sources";
  const problems: string[] = [];

  if (!/^(Replicated|Shared)?ReplacingMergeTree\((.*, )?_version, _deleted\)/.test(actual.engine)) {
    const engine = actual.engine.split(" ")[0];
    problems.push(
      `Cannot use "${name}" as ReplacingMergeTree(_version, _deleted): current value is ${engine}. ${rename}`,
    );
  }
  const wantedKey = sortingKey(table).join(", ");
  if (plain(actual.sortingKey) !== plain(wantedKey)) {
    problems.push(
      `Cannot use "${name}" as ORDER BY (${wantedKey}): current value is ORDER BY (${actual.sortingKey}). ${rename}`,
    );
  }
  if (actual.partitionKey !== "") {
    problems.push(
      `Cannot use "${name}" as one partition: current value is PARTITION BY ${actual.partitionKey}. ${rename}`,
    );
  }

  const columns = compareColumns({
    name,
    columns: table.columns,
    types,
    bookkeeping: bookkeepingColumns(table),
    indexes: indexes(table),
    // Shares have types that nobody declared, and a table of them is filled again from what tasks hold.
    repair: ({ name: column, type }) =>
      table.shares || sortingKey(table).includes(column)
        ? rename
        : `Change it with: ${advise(`ALTER TABLE ${target} MODIFY COLUMN ${quoted(column)} ${type}`)}`,
    rename,
  }, actual);
  // Earlier versions made tables that remember.
  const remembers = /[ ,]non_replicated_deduplication_window = [1-9]/.test(actual.engine);
  const alterations = remembers ? [...columns.alterations, `MODIFY SETTING ${FORGETFUL}`] : columns.alterations;
  return { ...columns, alterations, problems: [...problems, ...columns.problems] };
}

/** Columns and indexes as they are to be. */
export interface WantedColumns {
  /** Database and table, as messages name them. */
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  /** As ClickHouse spells them. */
  readonly types: ReadonlyMap<string, string>;
  readonly bookkeeping: readonly BookkeepingColumn[];
  readonly indexes: ReturnType<typeof indexes>;
  /** What a person does about a declared column of another type. */
  readonly repair: (column: ColumnSpec) => string;
  /** What a person does about a column of bookkeeping. */
  readonly rename: string;
}

/** Compares columns and indexes alone. */
export function compareColumns(wantedColumns: WantedColumns, actual: ActualTable): ShapeComparison {
  const { name, types, rename } = wantedColumns;
  const problems: string[] = [];
  const added: string[] = [];
  const alterations: string[] = [];
  let previous = "";
  for (const column of wantedColumns.columns) {
    const existing = actual.columns.get(column.name);
    const wanted = types.get(column.name) ?? column.type;
    if (existing === undefined) {
      added.push(column.name);
      const place = previous === "" ? "FIRST" : `AFTER ${quoted(previous)}`;
      alterations.push(`ADD COLUMN IF NOT EXISTS ${quoted(column.name)} ${column.type} ${place}`);
    } else if (unspaced(existing.type) !== unspaced(wanted) || (existing.kind !== "" && existing.kind !== "DEFAULT")) {
      const is = `${existing.type} ${existing.kind}`.trim();
      problems.push(
        `Cannot use column "${column.name}" of "${name}" as ${wanted}: current value is ${is}. ${
          wantedColumns.repair(column)
        }`,
      );
    }
    previous = column.name;
  }
  for (const column of wantedColumns.bookkeeping) {
    const existing = actual.columns.get(column.name);
    const wanted = `${column.type} ${column.rule}`.trim();
    // A column that is not stored may have a value of its own, which nobody compares: some versions write one there.
    const expression = existing !== undefined && column.rule.includes(" ") ? ` ${existing.expression}` : "";
    const is = existing === undefined ? "no such column" : `${existing.type} ${existing.kind}${expression}`.trim();
    if (plain(is) === plain(wanted)) continue;
    if (column.name === "_check" && existing?.type === column.type) alterations.push(`MODIFY COLUMN _check ${wanted}`);
    else {problems.push(
        `Cannot use column "${column.name}" of "${name}" as ${wanted}: current value is ${is}. ${rename}`,
      );}
  }
  for (const index of wantedColumns.indexes) {
    if (!actual.indexes.has(index.name)) alterations.push(`ADD ${index.definition}`);
  }
  return { problems, added, alterations };
}

/** Without what ClickHouse writes in one way and people in another. */
export function plain(sql: string): string {
  return sql.replaceAll(/[`\s()]/g, "");
}

function unspaced(type: string): string {
  return type.replaceAll(/\s+/g, "");
}
