import { inputsOf, type LogicalNode } from "../dsl/logical.ts";
import type { Topology } from "../dsl/topology.ts";

/**
 * Tables that no task need hold: results of a stream that nobody takes as a table, and tables that streams alone are
 * joined with, as they read their changes by themselves.
 */
export function unreadTables({ nodes, streams }: Topology): ReadonlySet<number> {
  const unread = new Set(
    nodes.flatMap(({ op, id }) => op === "folded" && !nodes.some((node) => readsTable(node, id)) ? [id] : []),
  );
  for (const join of streams) {
    if (join.op !== "tableJoin") continue;
    for (let at = nodes[join.right];; at = nodes[at.input]) {
      if (nodes.some((node) => !unread.has(node.id) && readsTable(node, at.id))) break;
      unread.add(at.id);
      if (!("input" in at)) break;
    }
  }
  return unread;
}

/** Whether an operator takes the rows of another one. */
export function readsTable(node: LogicalNode, id: number): boolean {
  return inputsOf(node).includes(id);
}
