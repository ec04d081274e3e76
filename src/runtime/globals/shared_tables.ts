import { type DeclaredTable, SharedTable, type TablePlace } from "./shared_table.ts";

/** By what stands for a process: the tables that are in use in it and may be joined. */
const processes = new WeakMap<object, Set<SharedTable>>();

/**
 * The table for a topology of a process that has found its topic at `place`: one that other topologies of the process
 * use, if it accepts this one, else a new one. To be joined in the same turn.
 */
export function sharedTable(
  table: DeclaredTable,
  { process, ...place }: TablePlace & { readonly process: object },
): SharedTable {
  const all = processes.getOrInsertComputed(process, () => new Set());
  const known = all.values().find((other) => other.accepts(table, place));
  if (known !== undefined) return known;
  const made: SharedTable = new SharedTable(table, place, () => all.delete(made));
  all.add(made);
  return made;
}
