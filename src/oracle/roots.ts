import type { LogicalNode } from "../dsl/logical.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { Topology } from "../dsl/topology.ts";

/** A table that has rows of its own. */
type Root = Extract<LogicalNode, { op: "source" | "folded" | "aggregate" }>;

function isRoot(node: LogicalNode): node is Root {
  return node.op === "source" || node.op === "folded" || node.op === "aggregate";
}

/** Whether every instance has the whole table. */
export function isGlobal(topology: Topology, node: number): boolean {
  let at = topology.nodes[node];
  while (!isRoot(at)) at = topology.nodes[at.input];
  return at.op === "source" && at.global;
}

/** The topic behind a table; null for totals, whose key is the group columns sorted by name. */
export function sourceOf(topology: Topology, node: number): SourceSpec | null {
  let at = topology.nodes[node];
  while (!isRoot(at)) at = topology.nodes[at.input];
  return at.op === "source" ? at.source : null;
}

/** The totals of a table of groups, by column. */
export function totalsOf({ streams }: Topology, root: Exclude<Root, { op: "source" }>): object {
  if (root.op === "aggregate") return root.aggregates;
  const node = streams[root.stream];
  return node.op === "streamAggregate" ? node.sides[0].aggregates : {};
}

/** The tables whose keys this table's rows have: that of its input, and those joined on the same key. */
export function rootsOf(topology: Topology, node: number): Root[] {
  const at = topology.nodes[node];
  if (isRoot(at)) return [at];
  const inputs = at.op === "keyJoin" ? [at.input, at.right] : [at.input];
  return inputs.flatMap((input) => rootsOf(topology, input));
}
