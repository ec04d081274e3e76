import type { PlannedTopology } from "../api/contract.ts";
import { plan } from "./live.ts";
import { linkTo } from "./address.ts";

/** A ClickHouse table that a topology writes. */
export interface ShownTable {
  readonly topology: string;
  /** The view that people query. */
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Columns that nobody is shown here. */
  readonly masked: readonly string[];
  /** Something of its topology is masked: all columns of its tables are not given at once then. */
  readonly isGuarded: boolean;
  readonly from: string;
  readonly holds: "rows" | "shares" | "events";
}

/** All tables of the plan, in its order. */
export function shownTables(): readonly ShownTable[] {
  return (plan.value?.topologies ?? []).flatMap(tablesOf);
}

function tablesOf({ name: topology, description }: PlannedTopology): ShownTable[] {
  const isGuarded = [...description.sources, ...description.streams].some((source) =>
    source.masked !== undefined || ("keyMasked" in source && source.keyMasked === true)
  );
  return description.sinks.map(({ name, key, columns, masked = [], from, holds }) => ({
    topology,
    name,
    key,
    masked,
    isGuarded,
    columns: columns.map((column) => {
      const space = column.indexOf(" ");
      return { name: column.slice(0, space), type: column.slice(space + 1) };
    }),
    from,
    holds,
  }));
}

/** The question for the first rows of a table; null if all of its columns are masked. */
export function firstRows({ name, columns, masked, isGuarded }: ShownTable, rows: number): string | null {
  const shown = columns.filter((column) => !masked.includes(column.name));
  if (shown.length === 0) return null;
  const selected = isGuarded ? shown.map((column) => quoted(column.name)).join(", ") : "*";
  return `SELECT ${selected} FROM ${quoted(name)} LIMIT ${rows}`;
}

function quoted(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}

/** Something whose keys can be explained: a table that people query, or a table that a topology reads. */
export interface ExplainedTable {
  readonly topology: string;
  readonly name: string;
  readonly key: readonly string[];
  /** Rows are made of records, which are asked for by their places or keys: the only field. */
  readonly holdsEvents?: true;
}

/** What is asked of a table of events. */
const RECORD = "topic/partition/offset, or the key of a record";

/** All of these; what is shown first, and no name twice. */
export function explainedTables(): readonly ExplainedTable[] {
  return (plan.value?.topologies ?? []).flatMap((topology) => {
    const shown = tablesOf(topology).map((table): ExplainedTable =>
      table.holds === "events" ? { ...table, key: [RECORD], holdsEvents: true } : table
    );
    const read = topology.description.sources.filter(({ name }) => !shown.some((table) => table.name === name))
      .map(({ name, key }) => ({ topology: topology.name, name, key }));
    return [...shown, ...read];
  });
}

/** Where a row that reaches a table is explained; null if it has no key of that table. */
export function explainLink(
  topology: string,
  { table, row }: { readonly table: string; readonly row: unknown },
): string | null {
  const known = explainedTables().find((one) => one.topology === topology && one.name === table);
  if (known === undefined || row === null || typeof row !== "object") return null;
  const values = known.key.map((column) => (row as Record<string, unknown>)[column]);
  return values.some((value) => value === undefined || value === null)
    ? null
    : linkTo("explain", [topology, table, keyText(values)]);
}

/** One value as it is, several as a JSON array: how keys stand in addresses. */
export function keyText(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : JSON.stringify(values);
}
