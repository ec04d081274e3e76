import { outputsOf } from "../../plan/outputs_of.ts";
import type { AggregatePlan, GlobalTable, PhysicalPlan, SinkPlan, TaskTable } from "../../plan/physical.ts";
import type { TargetKind } from "./explanation.ts";

/** Something whose keys can be asked about. */
export type Target =
  /** Rows of a register, in a table of ClickHouse or a topic. `index`: among the table's sinks. */
  | {
    readonly kind: "rows";
    readonly name: string;
    readonly table: TaskTable;
    readonly sink: SinkPlan;
    readonly index: number;
  }
  /** Totals that ClickHouse adds up. `index`: among the table's groups. */
  | {
    readonly kind: "total";
    readonly name: string;
    readonly table: TaskTable;
    readonly sink: SinkPlan;
    readonly index: number;
  }
  /** A table by the name of one of its sources or aggregates. */
  | { readonly kind: "table"; readonly name: string; readonly table: TaskTable }
  | { readonly kind: "global table"; readonly name: string; readonly table: GlobalTable }
  /** Rows that are added to a table, each made of an event. */
  | { readonly kind: "events"; readonly name: string };

/** A target as it is listed. */
export interface ListedTarget {
  readonly name: string;
  readonly kind: TargetKind;
  /** Names of the key columns, in their order; null while nobody knows them, and of events. */
  readonly key: readonly string[] | null;
}

/**
 * All that can be asked about: sinks first, then tables by the names of their sources and aggregates, as far as no sink
 * has the name.
 */
export function targetsOf({ tables, globals, streams, stages }: PhysicalPlan): Target[] {
  const sinks = tables.flatMap((table) =>
    outputsOf(table).map(({ kind, sink, index }): Target => ({
      ...{ name: sink.table.output?.topic ?? sink.name, table, sink, index },
      kind: kind === "rows" ? "rows" : "total",
    }))
  );
  const events = [...streams, ...stages].flatMap((flow) =>
    flow.sinks.map(({ name }): Target => ({
      kind: "events",
      name,
    }))
  );
  const totals = tables.flatMap((table) =>
    table.groups.flatMap(({ name, sink }, index): Target[] =>
      sink === null ? [] : [{ kind: "total", name, table, sink, index }]
    )
  );
  const named = tables.flatMap((table) => table.members.map(({ name }): Target => ({ kind: "table", name, table })));
  const whole = globals.map((table): Target => ({ kind: "global table", name: table.name, table }));
  const targets = new Map<string, Target>();
  for (const target of [...sinks, ...events, ...named, ...totals, ...whole]) {
    if (!targets.has(target.name)) targets.set(target.name, target);
  }
  return [...targets.values()];
}

/** A target for a list. `columns`: of the keys of a table, as far as they are known. */
export function listed(target: Target, columns: (table: TaskTable) => readonly string[]): ListedTarget {
  const { name, kind } = target;
  switch (target.kind) {
    case "rows":
    case "total":
      return { name, kind, key: target.sink.table.key };
    case "table": {
      const known = columns(target.table);
      return { name, kind, key: known.length === 0 ? null : known };
    }
    case "global table":
      return { name, kind, key: target.table.keyColumns.map((column) => column.name) };
    case "events":
      return { name, kind, key: null };
  }
}

/** Groups of tables whose totals are rows of this one, by member. */
export function homesOf(
  { tables }: PhysicalPlan,
  table: TaskTable,
): { readonly member: number; readonly aggregate: AggregatePlan; readonly home: TaskTable; readonly group: number }[] {
  return table.members.flatMap((member, index) => {
    if (member.kind !== "merge") return [];
    const home = tables[member.home];
    const group = home.groups.findIndex(({ merge }) => merge?.table === table.index && merge.member === index);
    return [{ member: index, aggregate: member.aggregate, home, group }];
  });
}
