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
  readonly from: string;
  readonly holds: "rows" | "shares" | "events";
}

/** All tables of the plan, in its order. */
export function shownTables(): readonly ShownTable[] {
  return (plan.value?.topologies ?? []).flatMap(tablesOf);
}

function tablesOf({ name: topology, description }: PlannedTopology): ShownTable[] {
  return description.sinks.map(({ name, key, columns, from, holds }) => ({
    topology,
    name,
    key,
    columns: columns.map((column) => {
      const space = column.indexOf(" ");
      return { name: column.slice(0, space), type: column.slice(space + 1) };
    }),
    from,
    holds,
  }));
}

/**
 * Where a key is explained. `key`: its columns by name, their values in order, or the only value; events have no key
 * of their own.
 */
export function explainLink(
  topology: string,
  { table, key }: { readonly table: string; readonly key: unknown },
): string | null {
  const known = shownTables().find((one) => one.topology === topology && one.name === table);
  if (known?.holds === "events" || key === null || key === undefined) return null;
  if (typeof key === "object" && !Array.isArray(key)) {
    const values = Object.values(key);
    return linkTo("explain", [topology, table, keyText(values)]);
  }
  return linkTo("explain", [topology, table, Array.isArray(key) ? keyText(key) : String(key)]);
}

/** One value as it is, several as a JSON array: how keys stand in addresses. */
export function keyText(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : JSON.stringify(values);
}
