import type { TaskTable } from "../../plan/physical.ts";
import type { KeyColumns } from "../../processor/key_value.ts";
import { createProgram, type Program } from "../../processor/program.ts";
import type { ProcessorError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Value } from "../../record/row.ts";
import { valuesOf } from "../../processor/aggregate.ts";
import { type CellLayout, layoutOf } from "../../state/entry.ts";
import { RightStore } from "../../state/right_store.ts";
import type { TaskContext } from "./task_context.ts";

/** The right rows that a task's rows look up, one store for each lookup of the table, in its order. */
export function createStores(parts: {
  readonly context: TaskContext;
  readonly table: TaskTable;
  readonly layout: CellLayout;
  /** Asks the home of a right row for it, the first time that somebody looks it up. */
  readonly subscribe: (lookup: number, key: Key) => Value;
}): RightStore[] {
  const { context, table, layout, subscribe } = parts;
  return table.lookups.map((lookup, index) =>
    new RightStore({
      cell: layout.lookups + index * 2,
      first: (key) => lookup.global ? context.globals.get(lookup.table, lookup.step, key) : subscribe(index, key),
      keepUnused: !lookup.global,
    })
  );
}

/** The program of a table's rows, reading right rows from `stores`. */
export function createTableProgram(parts: {
  readonly table: TaskTable;
  readonly stores: readonly RightStore[];
  readonly keyColumns: KeyColumns;
  readonly onError: (error: ProcessorError) => void;
}): Program {
  const { table, stores, keyColumns, onError } = parts;
  return createProgram({
    steps: table.steps,
    lookups: table.lookups,
    stores,
    members: table.members.length,
    keyColumns,
    outputs: new Set([...table.sinks, ...table.groups, ...table.serves].map(({ step }) => step)),
    onError,
  });
}

/** Where entries of a table keep what. */
export function layoutOfTable({ lookups, sinks, groups, serves }: TaskTable): CellLayout {
  return layoutOf({
    lookups: lookups.length,
    sinks: sinks.length,
    groups: groups.map((group) => valuesOf(group.aggregate)),
    serves: serves.length,
  });
}
