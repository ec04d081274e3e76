import type { TableSpec } from "../../ports/warehouse.ts";
import { type ClusterOptions, engineOf, onCluster } from "./cluster.ts";
import { qualified, quoted } from "../../record/clickhouse_names.ts";
import { isNullable } from "./refuse_nulls.ts";
import { codecClause, projectionClauses, projectionSettings, settingClauses } from "./storage_sql.ts";
import { totalsSelect } from "./totals_sql.ts";

export { literal, literalArray, qualified, quoted } from "../../record/clickhouse_names.ts";

/** A column that Weir adds to the declared ones. */
export interface BookkeepingColumn {
  readonly name: string;
  readonly type: string;
  /** `DEFAULT ...`, `EPHEMERAL`, or empty. */
  readonly rule: string;
}

/**
 * ClickHouse must not remember what was inserted here: it writes that down before it has the part, so of an insert in
 * which it ended it would acknowledge the repetition and store nothing. A second part of the same rows is merged away.
 */
export const FORGETFUL = "non_replicated_deduplication_window = 0";
const FORGETFUL_REPLICAS = "replicated_deduplication_window = 0";

/** Where a table is made. */
export interface TableHome {
  readonly database: string;
  readonly cluster?: ClusterOptions;
}

/** How a table's bookkeeping looks: what the port promises, in ClickHouse's words. */
export function bookkeepingColumns(table: TableSpec): BookkeepingColumn[] {
  return [
    { name: "_task", type: "LowCardinality(String)", rule: "" },
    { name: "_key", type: "String", rule: "" },
    { name: "_digest", type: "UInt64", rule: "" },
    { name: "_epoch", type: "UInt64", rule: "EPHEMERAL" },
    { name: "_seq", type: "UInt64", rule: "EPHEMERAL" },
    { name: "_version", type: "UInt128", rule: "DEFAULT bitShiftLeft(toUInt128(_epoch), 64) + _seq" },
    { name: "_deleted", type: "UInt8", rule: "" },
    { name: "_check", type: "UInt64", rule: `DEFAULT ${checkExpression(table)}` },
  ];
}

/**
 * Hash of the declared columns as stored. A tuple tells NULL from an empty value; CityHash is the same in every
 * version.
 */
export function checkExpression(table: TableSpec): string {
  return `cityHash64(tuple(${columnList(table)}))`;
}

export function rowsName(table: Pick<TableSpec, "name">): string {
  return `${table.name}_rows`;
}

/** The declared columns as a CREATE TABLE lists them. */
export function structure(table: Pick<TableSpec, "columns" | "storage">): string {
  return table.columns.map(({ name, type }) => `${quoted(name)} ${type}${codecClause(table.storage, name)}`).join(", ");
}

/** Names of the sorting key in order: in a table of shares several tasks hold a row of one key. */
export function sortingKey({ key, storage, shares }: TableSpec): string[] {
  return [...storage?.orderBy ?? key, ...shares ? ["_task"] : []];
}

export function createTable({ database, cluster }: TableHome, table: TableSpec): string {
  const bookkeeping = bookkeepingColumns(table).map((column) => `${column.name} ${column.type} ${column.rule}`.trim());
  const { partitionBy, ttl } = table.storage ?? {};
  const settings = [
    cluster === undefined ? FORGETFUL : FORGETFUL_REPLICAS,
    ...projectionSettings(table.storage),
    ...settingClauses(table.storage),
  ];
  const keyTypes = table.columns.filter((column) => table.key.includes(column.name)).map((column) => column.type);
  if (keyTypes.some(isNullable)) settings.push("allow_nullable_key = 1");
  const skipping = indexes(table).map((index) => index.definition);
  return [
    `CREATE TABLE IF NOT EXISTS ${qualified(database, rowsName(table))}${onCluster(cluster)}`,
    `(${[structure(table), ...bookkeeping, ...skipping, ...projectionClauses(table.storage)].join(", ")})`,
    `ENGINE = ${engineOf("ReplacingMergeTree", { cluster, parameters: ["_version", "_deleted"] })}`,
    ...(partitionBy === undefined ? [] : [`PARTITION BY ${partitionBy}`]),
    `ORDER BY (${sortingKey(table).map(quoted).join(", ")})`,
    ...(ttl === undefined ? [] : [`TTL ${ttl}`]),
    `SETTINGS ${settings.join(", ")}`,
  ].join(" ");
}

/** Data skipping indexes; the name tells column and type, so that another type is another index. */
export function indexes(table: Pick<TableSpec, "indexes">): { readonly name: string; readonly definition: string }[] {
  return Object.entries(table.indexes ?? {}).map(([column, type]) => {
    const name = `${column}_${type}`.replaceAll(/\W+/g, "_").replace(/_$/, "");
    return { name, definition: `INDEX ${quoted(name)} ${quoted(column)} TYPE ${type} GRANULARITY 1` };
  });
}

/** What the view selects: newest rows without bookkeeping (FINAL leaves deleted ones out), or the shares added up. */
export function viewSelect(database: string, table: TableSpec): string {
  const source = `${qualified(database, rowsName(table))} FINAL`;
  return table.shares ? totalsSelect(table, source) : `SELECT ${columnList(table)} FROM ${source}`;
}

/** The declared columns' names. */
export function columnList(table: Pick<TableSpec, "columns">): string {
  return table.columns.map((column) => quoted(column.name)).join(", ");
}
