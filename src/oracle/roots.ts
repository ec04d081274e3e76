import type { FoldedNode, GroupedNode, LogicalNode, SourceNode } from "../dsl/logical.ts";
import type { SourceSpec } from "../dsl/source.ts";
import type { TableResultNode } from "../dsl/stream_nodes.ts";
import type { Topology } from "../dsl/topology.ts";

/** A table that has keys of its own: where keys come from. */
type Root = SourceNode | FoldedNode | GroupedNode;

function isRoot(node: LogicalNode): node is Root {
  return ["source", "folded", "aggregate", "selectKey", "flatMapValues"].includes(node.op);
}

/** Whether every instance has the whole table. */
export function isGlobal(topology: Topology, node: number): boolean {
  let at = topology.nodes[node];
  while (!isRoot(at)) at = topology.nodes[at.input];
  return at.op === "source" && at.global;
}

/** The topic behind a table; null for others, whose key is the columns of their groups sorted by name. */
export function sourceOf(topology: Topology, node: number): SourceSpec | null {
  let at = topology.nodes[node];
  while (!isRoot(at)) at = topology.nodes[at.input];
  return at.op === "source" ? at.source : null;
}

/** The columns of the key of a stream's results, in its order. A window is told by where it begins. */
export function resultKeyOf(
  { streams }: Topology,
  { of, row }: { readonly of: FoldedNode; readonly row: object },
): string[] {
  const node = streams[of.stream] as TableResultNode;
  const { sides, window } = node.op === "suppress" ? node.of : node;
  const others = [...Object.keys(sides[0].aggregates), ...window === null ? [] : ["window_end"]];
  return Object.keys(row).filter((name) => !others.includes(name)).sort();
}

/** The tables whose keys this table's rows have: that of its input, and those joined on the same key or united. */
export function rootsOf(topology: Topology, node: number): Root[] {
  const at = topology.nodes[node];
  if (isRoot(at)) return [at];
  const inputs = at.op === "keyJoin" || at.op === "union" ? [at.input, at.right] : [at.input];
  return inputs.flatMap((input) => rootsOf(topology, input));
}
