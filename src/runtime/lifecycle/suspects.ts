import type { PhysicalPlan, TaskTable } from "../../plan/physical.ts";
import type { GlobalReader } from "../globals/global_reader.ts";
import type { Globals } from "../globals/globals.ts";
import type { TaskHost } from "./task_host.ts";

/** What is asked whether something failed in it. */
export interface SuspectParts {
  readonly plan: PhysicalPlan;
  readonly hosts: ReadonlyMap<string, TaskHost>;
  readonly globals: Globals;
  /** Null before it is there. */
  readonly reader: () => GlobalReader | null;
}

/**
 * Makes the function that tells whether rows of the tables that a table is computed from have failed on this instance
 * (by callbacks, or because changes could not be read): rows of it may be missing only because of that. What failed on
 * other instances is not known.
 */
export function suspects({ plan, hosts, globals, reader }: SuspectParts): (table: TaskTable) => boolean {
  const above = new Map(plan.tables.map((table) => [table, sourcesOf(plan, table)]));
  return (table) => {
    const { tables, usesGlobals } = above.get(table)!;
    if (usesGlobals && (globals.failedRows > 0 || reader()?.stale.some((stale) => stale.any))) return true;
    for (const { table: own, task } of hosts.values()) if (tables.has(own) && task?.failures.any) return true;
    return false;
  };
}

/** The tables whose rows a table looks up or adds up, at any remove; itself only if it is among these. */
function sourcesOf(plan: PhysicalPlan, table: TaskTable): { tables: Set<TaskTable>; usesGlobals: boolean } {
  const tables = new Set<TaskTable>();
  let usesGlobals = false;
  const visit = (one: TaskTable): void => {
    usesGlobals ||= one.lookups.some((lookup) => lookup.global);
    const next = [
      ...one.lookups.flatMap((lookup) => lookup.global ? [] : [lookup.table]),
      ...one.members.flatMap((member) => member.kind === "merge" ? [member.home] : []),
    ];
    for (const index of next) {
      const source = plan.tables[index];
      if (tables.has(source)) continue;
      tables.add(source);
      visit(source);
    }
  };
  visit(table);
  return { tables, usesGlobals };
}
