import type { PhysicalPlan, SinkPlan, TaskTable } from "./physical.ts";

/** One ClickHouse table, or topic in the place of one, that the tasks of a table write. */
export type OutputPlan =
  /** Rows of a register. `index`: among the table's `sinks`. */
  | { readonly kind: "rows"; readonly sink: SinkPlan; readonly index: number }
  /** Shares of an aggregate, which the view adds up. `index`: among the table's `groups`. */
  | { readonly kind: "shares"; readonly sink: SinkPlan; readonly index: number };

/** All that the tasks of a table write: their rows, then the shares that do not go to merge tasks. */
export function outputsOf(table: TaskTable): OutputPlan[] {
  return [
    ...table.sinks.map((sink, index): OutputPlan => ({ kind: "rows", sink, index })),
    ...table.groups.flatMap(({ sink }, index): OutputPlan[] => sink === null ? [] : [{ kind: "shares", sink, index }]),
  ];
}

/** All sinks of a plan: those of tables and those of aggregates written directly. */
export function sinksOf(plan: PhysicalPlan): SinkPlan[] {
  return plan.tables.flatMap((table) => outputsOf(table).map(({ sink }) => sink));
}

/** Those that are tables of ClickHouse. */
export function clickHouseSinksOf(plan: PhysicalPlan): SinkPlan[] {
  return sinksOf(plan).filter(({ table }) => table.output === undefined);
}

/** The sink's key columns in the order of the row key. */
export function keyColumnsOf({ table, keyOrder, byName }: SinkPlan): string[] {
  if (byName) return [...table.key].sort();
  const names: string[] = [];
  keyOrder.forEach((part, column) => names[part] = table.key[column]);
  return names;
}
