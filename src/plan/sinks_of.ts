import type { PhysicalPlan, SinkPlan } from "./physical.ts";

/** All sinks of a plan: those of tables and those of aggregates written directly. */
export function sinksOf(plan: PhysicalPlan): SinkPlan[] {
  return plan.tables.flatMap((
    table,
  ) => [...table.sinks, ...table.groups.flatMap((group) => group.sink === null ? [] : [group.sink])]);
}
