import type { DeclaredTable } from "./declared_table.ts";
import { SharedTable } from "./shared_table.ts";
import type { TablePlace } from "./table_user.ts";

/** By what stands for a process: the tables that are in use in it and may be joined. */
const processes = new WeakMap<object, Set<SharedTable>>();

/** Where a topology of a process has found a topic. */
interface ProcessPlace extends TablePlace {
  readonly process: object;
  /** Another topology has the table, and this one cannot use it: it gets one of its own. */
  readonly onUnfit?: (reason: string) => void;
}

/**
 * The table for a topology: one that other topologies of the process use, if it holds what this one would read, else a
 * new one. To be joined in the same turn.
 */
export function sharedTable(table: DeclaredTable, { process, onUnfit, ...place }: ProcessPlace): SharedTable {
  const all = processes.getOrInsertComputed(process, () => new Set());
  let reason: string | null = null;
  for (const other of all) {
    if (!other.declares(table)) continue;
    const unfit = other.whyUnfit(place);
    if (unfit === null) return other;
    reason = unfit;
  }
  if (reason !== null) onUnfit?.(reason);
  const made: SharedTable = new SharedTable(table, place, () => all.delete(made));
  all.add(made);
  return made;
}
