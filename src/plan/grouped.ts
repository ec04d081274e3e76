import type { PlannedSpec } from "../dsl/aggregate_spec.ts";
import type { GroupedNode } from "../dsl/logical.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import type { AggregatePlan, Grouping, GroupPlan, TaskTable } from "./physical.ts";

/** The one column of a table whose rows are those of its input, or parts of them, under another key. */
export const ROW = "row";

/** What is made of the rows of a group. */
export function aggregatePlan(node: GroupedNode): AggregatePlan {
  const columns: Readonly<Record<string, PlannedSpec>> = node.op === "aggregate"
    ? node.aggregates
    : { [ROW]: { kind: "row", value: (row) => row } };
  return { name: node.name, columns: Object.entries(columns).map(([name, spec]) => ({ name, spec })) };
}

/** Which groups a row is in. */
export function groupingOf(node: GroupedNode): Grouping {
  switch (node.op) {
    case "aggregate":
      return { kind: "group", groupBy: node.groupBy };
    case "selectKey":
      return { kind: "group", groupBy: node.selector };
    case "flatMapValues":
      return { kind: "parts", mapper: node.mapper, part: node.part, most: node.most };
  }
}

/** What is wrong with the key of the parts of this table's rows. Group columns are known only when rows come. */
export function partProblems(
  { name, grouping }: Pick<GroupPlan, "name" | "grouping">,
  { keyColumns }: Pick<TaskTable, "keyColumns">,
): string[] {
  if (grouping.kind !== "parts" || !keyColumns?.some((column) => column.name === grouping.part.column)) return [];
  const { column, counted } = grouping.part;
  return [
    `Cannot tell the parts of "${name}" apart by "${column}": it is a key column of the row that they are parts of. ` +
    (counted ? "Choose another name for their position" : "Give the parts a column of another name"),
  ];
}

/** The names of the columns by which parts of this table's rows are keyed, sorted; null if nobody knows them yet. */
export function partKeyOf(
  { grouping }: Pick<GroupPlan, "grouping">,
  { keyColumns }: Pick<TaskTable, "keyColumns">,
): readonly string[] | null {
  if (grouping.kind !== "parts" || keyColumns === null) return null;
  return [...keyColumns.map(({ name }) => name), grouping.part.column].sort();
}

/** What is wrong with the key of a sink that shows parts keyed by these columns. */
export function partSinkProblems({ name, key }: SinkSpec, columns: readonly string[] | undefined): string[] {
  if (columns === undefined || [...key].sort().join() === columns.join()) return [];
  return [
    `Sink "${name}" has the key (${key.join(", ")}), which is not the key of the parts that it shows (${
      columns.join(", ")
    }). Write key: [${columns.map((column) => JSON.stringify(column)).join(", ")}], in any order`,
  ];
}

/** Whether an aggregate's rows are those of its input: `row` is the whole row, not a column of it. */
export function isOfRows({ columns }: AggregatePlan): boolean {
  return columns[0]?.spec.kind === "row";
}
