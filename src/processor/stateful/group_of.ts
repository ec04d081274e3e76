import type { GroupSelector, StatefulNode } from "../../dsl/stream_nodes.ts";

/** The group of an event on one of the inputs of a stateful operator; null: it is in none. */
export function groupOf(node: StatefulNode, input: number): GroupSelector {
  return node.sides[input].groupBy;
}
