import type { GroupSelector, StatefulNode, SuppressNode } from "../../dsl/stream_nodes.ts";
import type { Row } from "../../record/row.ts";
import { keepsNewest } from "./newest_event.ts";
import type { TableChange } from "./suppress.ts";

/** The group of an event on one of the inputs of a stateful operator; null: it is in none. */
export function groupOf(node: StatefulNode, input: number): GroupSelector {
  switch (node.op) {
    case "streamAggregate":
      return node.sides[input].groupBy;
    case "suppress":
      return (_, key) => windowOf(node, key).group;
    case "streamJoin":
      return node.groupBys[input];
    case "tableJoin":
    case "process":
    case "repartition":
    case "tableChanges":
      return node.groupBy;
  }
}

/**
 * Whether all that an input has so far is to be there before an event of another one is taken: a table without history
 * has the row of the moment, so its changes of the time before must not come behind events of now.
 */
export function comesFirst(node: StatefulNode, input: number): boolean {
  return node.op === "tableJoin" && input === 1 && node.historyUs === null;
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

/** The event as an operator takes it that takes changes of a table, with null where a row is gone; null for others. */
export function changeOf(node: StatefulNode): ((row: Row | null, key: Row) => TableChange) | null {
  if (node.op !== "suppress") return null;
  return (row, key) => {
    const { start, end } = windowOf(node, key);
    return [start, end, row];
  };
}

/** Whether an input's values are looked at. Events that are only counted matter by their groups and times alone. */
export function needsValues(node: StatefulNode, input: number): boolean {
  return node.op !== "streamAggregate" ||
    Object.values(node.sides[input].aggregates).some(({ kind }) => kind !== "count");
}

/** The key of a result in its parts. */
function windowOf({ of: { window } }: SuppressNode, key: Row) {
  if (window === null) return { group: key, start: 0, end: 0 };
  const { window_start: start, window_end: end, ...group } = key;
  return { group, start: start as number, end: end as number };
}
