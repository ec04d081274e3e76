import type { ColumnSpec, TableSpec } from "../../ports/warehouse.ts";
import type { ActualTable } from "./actual_table.ts";
import { engineOf, onCluster } from "./cluster.ts";
import { makeRoom } from "./replicas.ts";
import type { ConnectedDatabase } from "./connection.ts";
import { compareStorage, plain, type SpelledStorage } from "./compare_storage.ts";
import { codecClause } from "./storage_sql.ts";
import {
  type BookkeepingColumn,
  bookkeepingColumns,
  FORGETFUL,
  indexes,
  qualified,
  quoted,
  rowsName,
  sortingKey,
} from "./table_sql.ts";

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
  { table, types, spelled, ...home }: Omit<ConnectedDatabase, "connection"> & {
    readonly table: TableSpec;
    readonly types: ReadonlyMap<string, string>;
    readonly spelled: SpelledStorage;
  },
  actual: ActualTable,
): ShapeComparison {
  const { database, cluster, advise = (statement) => statement } = home;
  const name = `${database}.${rowsName(table)}`;
  const target = qualified(database, rowsName(table));
  const filled = "it is filled again from the sources";
  const rename = makeRoom(home, { name: rowsName(table), kept: filled, lost: filled });
  const alter = (clause: string) => advise(`ALTER TABLE ${target}${onCluster(cluster)} ${clause}`);
  const problems: string[] = [];

  const copied = cluster === undefined ? "(Replicated|Shared)?" : "(Replicated|Shared)";
  if (!new RegExp(`^${copied}ReplacingMergeTree\\((.*, )?_version, _deleted\\)`).test(actual.engine)) {
    const engine = actual.engine.split(" ")[0];
    const wanted = engineOf("ReplacingMergeTree", { cluster, parameters: ["_version", "_deleted"] });
    problems.push(`Cannot use "${name}" as ${wanted}: current value is ${engine}. ${rename}`);
  }
  const wantedKey = sortingKey(table).join(", ");
  if (plain(actual.sortingKey) !== plain(wantedKey)) {
    problems.push(
      `Cannot use "${name}" as ORDER BY (${wantedKey}): current value is ORDER BY (${actual.sortingKey}). ${rename}`,
    );
  }
  problems.push(...compareStorage({ name, storage: table.storage ?? {}, spelled, rename, alter }, actual));

  const columns = compareColumns({
    name,
    columns: table.columns,
    types,
    bookkeeping: bookkeepingColumns(table),
    indexes: indexes(table),
    storage: table.storage,
    // Shares have types that nobody declared, and a table of them is filled again from what tasks hold.
    repair: ({ name: column, type }) =>
      table.shares || sortingKey(table).includes(column)
        ? rename
        : `Change it with: ${alter(`MODIFY COLUMN ${quoted(column)} ${type}`)}`,
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
  readonly storage?: TableSpec["storage"];
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
      const codec = codecClause(wantedColumns.storage, column.name);
      alterations.push(`ADD COLUMN IF NOT EXISTS ${quoted(column.name)} ${column.type}${codec} ${place}`);
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

function unspaced(type: string): string {
  return type.replaceAll(/\s+/g, "");
}
