import type { GroupSelector, StatefulNode } from "../../dsl/stream_nodes.ts";
import { keepsNewest } from "./newest_event.ts";

/** The group of an event on one of the inputs of a stateful operator; null: it is in none. */
export function groupOf(node: StatefulNode, input: number): GroupSelector {
  switch (node.op) {
    case "streamAggregate":
      return node.sides[input].groupBy;
    case "streamJoin":
      return node.groupBys[input];
    case "tableJoin":
    case "process":
    case "repartition":
      return node.groupBy;
  }
}

/** Whether it takes events of an input that have no value. */
export function takesNulls(node: StatefulNode): boolean {
  return node.op === "repartition" || (node.op === "streamAggregate" && keepsNewest(node));
}

/** Whether it takes events of an input that are in no group: they have no partner, and are told so. */
export function takesKeyless(node: StatefulNode, input: number): boolean {
  if (node.op === "streamJoin") return input === 0 ? node.kind !== "inner" : node.kind === "outer";
  return node.op === "tableJoin" && input === 0 && node.kind === "left";
}
