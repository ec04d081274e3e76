import type { GatheredState, NodeCounters } from "./api/live_state.ts";
import type { GraphNode } from "./api/plan_graph.ts";
import { grouped } from "./numbers.ts";
import { textTable } from "./text_table.ts";
import type { RowCounts } from "../runtime/stores/row_counts.ts";

/** What is shown of an operator, by the name of its column. */
const COLUMNS: Readonly<Record<string, keyof RowCounts>> = {
  "in": "in",
  "out": "out",
  "filtered": "filtered",
  "joined": "joined",
  "without partner": "withoutPartner",
  "null keys": "nullKeys",
  "waiting": "waiting",
  "dropped": "dropped",
  "errors": "errors",
};

/** How a topology stands, and what became of its rows and events at each operator; as text for people. */
export function liveCountsText(
  { name, nodes }: { readonly name: string; readonly nodes: readonly GraphNode[] },
  { topologies, instances }: Pick<GatheredState, "topologies" | "instances">,
): string {
  const standing = topologies.find((topology) => topology.name === name);
  if (standing === undefined) return `topology ${name}\n\n  It does not run here.\n`;
  const { state, tasks, counters, lag, problems } = standing;
  const running = tasks.filter((task) => task.state === "running").length;
  const behind = Object.values(lag).reduce((sum, records) => sum + records, 0);
  const tables = nodes.filter(({ id }) => id.startsWith("op") && counters[id] !== undefined);
  const streams = nodes.filter(({ id }) => id.startsWith("ev") && counters[id] !== undefined);
  const silent = instances.filter(({ problem }) => problem !== null);
  return [
    `topology ${name}`,
    "",
    // Before the group has told who runs what, there is no number of tasks to speak of.
    tasks.length === 0
      ? `  ${state}, and has no tasks yet`
      : `  ${state}, ${running} of ${tasks.length} tasks run, lag ${grouped(behind)}`,
    ...problems.map((problem) => `  ! ${problem}`),
    ...silent.map(({ instance, problem }) => `  ! ${instance} does not answer, so its rows are missing: ${problem}`),
    ...section("rows that are there now", countLines(tables, (node) => counters[node].rows ?? counters[node])),
    ...section("events since it began", countLines(streams, (node) => counters[node])),
  ].join("\n") + "\n";
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

function countLines(nodes: readonly GraphNode[], countsOf: (node: string) => RowCounts | NodeCounters): string[] {
  if (nodes.length === 0) return [];
  const used = Object.entries(COLUMNS).filter(([, column]) =>
    nodes.some(({ id }) => countsOf(id)[column] !== undefined)
  );
  const cells = nodes.map(({ id, label, detail: [op] }) => {
    const counts = countsOf(id);
    const numbers = used.map(([, column]) => counts[column] === undefined ? "" : grouped(counts[column]));
    return [`${id} ${label}`, op ?? "", ...numbers];
  });
  const right = [false, false, ...used.map(() => true)];
  return textTable(["operator", "", ...used.map(([name]) => name)], cells, { right });
}
