import { APPEND_TOKENS, type AppendTableSpec } from "../../ports/warehouse.ts";
import { engineOf, onCluster } from "./cluster.ts";
import { isNullable } from "./refuse_nulls.ts";
import { projectionClauses, settingClauses } from "./storage_sql.ts";
import {
  type BookkeepingColumn,
  columnList,
  indexes,
  literal,
  qualified,
  quoted,
  rowsName,
  structure,
  type TableHome,
} from "./table_sql.ts";

/** Which input a row was made of. */
export const APPEND_BOOKKEEPING: readonly BookkeepingColumn[] = [
  { name: "_source", type: "LowCardinality(String)", rule: "" },
  { name: "_partition", type: "UInt32", rule: "" },
  { name: "_offset", type: "Int64", rule: "" },
  { name: "_index", type: "UInt32", rule: "" },
];

const PLACE_COLUMNS = APPEND_BOOKKEEPING.map(({ name }) => name);

/** Begins the message of an insert that came too late; beside it the code of `throwIf`. */
export const LATE_MESSAGE = "The deadline of this insert is over";

/**
 * How ClickHouse refuses an insert after its deadline, without keeping the deadline. No constraint may name a column
 * that is not stored, so it names one which is computed of it, and which is 0 in every row: 257 bytes for 600,000 rows.
 * The deadline itself as a column is 1.7 MB of 14. The time is that at which the rows are there, after the whole
 * request has arrived. An error of its own, as one of a constraint speaks of a row's content. What a person inserts
 * without a deadline has none.
 */
export const DEADLINE_BOOKKEEPING: readonly BookkeepingColumn[] = [
  { name: "_deadline", type: "DateTime64(3)", rule: "EPHEMERAL toDateTime64('2200-01-01 00:00:00', 3)" },
  { name: "_late", type: "UInt8", rule: "MATERIALIZED nowInBlock64(3) > _deadline" },
];
export const DEADLINE_CONSTRAINT = "_in_time";
export const DEADLINE_CHECK = `CONSTRAINT ${DEADLINE_CONSTRAINT} CHECK throwIf(_late, ${literal(LATE_MESSAGE)}) = 0`;

/** Names of the bookkeeping columns in the order in which rows are inserted. */
export const APPEND_COLUMNS = [...PLACE_COLUMNS, "_deadline"];

/** The setting that says how many inserts a table remembers. */
export const APPEND_WINDOW = "non_replicated_deduplication_window";
export const REPLICATED_WINDOW = "replicated_deduplication_window";

/**
 * Rows' places once more, in their order: a range is found in one granule, whatever the table is sorted by. Of three
 * million rows in random order 6 ms instead of 150, for 8 % more on the disk; an insert takes no longer. A minmax index
 * on the offset is as fast where the table is sorted by time, and of no use at all where it is not.
 */
export const APPEND_PROJECTION = "_places";

const places = `(SELECT ${PLACE_COLUMNS.join(", ")} ORDER BY ${PLACE_COLUMNS.join(", ")})`;

export const ADD_APPEND_PROJECTION = `ADD PROJECTION IF NOT EXISTS ${APPEND_PROJECTION} ${places}`;

/** As CREATE TABLE and ALTER TABLE spell it. */
export function columnDefinition({ name, type, rule }: BookkeepingColumn): string {
  return `${name} ${type} ${rule}`.trim();
}

export function createAppendTable({ database, cluster }: TableHome, table: AppendTableSpec): string {
  const bookkeeping = [...APPEND_BOOKKEEPING, ...DEADLINE_BOOKKEEPING].map(columnDefinition);
  const skipping = indexes(table).map((index) => index.definition);
  const projections = [`PROJECTION ${APPEND_PROJECTION} ${places}`, ...projectionClauses(table.storage)];
  const keyTypes = table.columns.filter(({ name }) => table.orderBy.includes(name)).map(({ type }) => type);
  const settings = [
    `${cluster === undefined ? APPEND_WINDOW : REPLICATED_WINDOW} = ${APPEND_TOKENS}`,
    // A person may still delete rows: DELETE FROM refuses tables with projections otherwise. Not 'rebuild', after which
    // the projection still has them (26.7).
    "lightweight_mutation_projection_mode = 'drop'",
    ...(keyTypes.some(isNullable) ? ["allow_nullable_key = 1"] : []),
    ...settingClauses(table.storage),
  ];
  return [
    `CREATE TABLE IF NOT EXISTS ${qualified(database, rowsName(table))}${onCluster(cluster)}`,
    `(${[structure(table), ...bookkeeping, DEADLINE_CHECK, ...skipping, ...projections].join(", ")})`,
    `ENGINE = ${engineOf("MergeTree", { cluster, parameters: [] })}`,
    ...(table.partitionBy === undefined ? [] : [`PARTITION BY ${table.partitionBy}`]),
    `ORDER BY (${table.orderBy.map(quoted).join(", ")})`,
    ...(table.ttl === undefined ? [] : [`TTL ${table.ttl}`]),
    `SETTINGS ${settings.join(", ")}`,
  ].join(" ");
}

/** What the view selects: all rows, without bookkeeping. */
export function appendSelect(database: string, table: AppendTableSpec): string {
  return `SELECT ${columnList(table)} FROM ${qualified(database, rowsName(table))}`;
}
