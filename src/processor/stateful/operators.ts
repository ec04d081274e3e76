import type { StatefulNode } from "../../dsl/stream_nodes.ts";
import type { Element } from "../../state/keyed_elements.ts";
import type { StatefulOperator, StatefulPorts } from "./stateful.ts";
import { streamAggregate } from "./stream_aggregate.ts";
import { StreamJoin } from "./stream_join.ts";
import { Repartition } from "./repartition.ts";
import { StreamProcess } from "./stream_process.ts";
import { isMark, Suppress } from "./suppress.ts";
import { TableChanges } from "./table_changes.ts";
import { TableJoin } from "./table_join.ts";

/** The machine of a stateful operator. */
export function statefulOperator(node: StatefulNode, ports: StatefulPorts): StatefulOperator {
  switch (node.op) {
    case "streamAggregate":
      return streamAggregate(node, ports);
    case "suppress":
      return new Suppress(node, ports);
    case "streamJoin":
      return new StreamJoin(node, ports);
    case "process":
      return new StreamProcess(node, ports);
    case "repartition":
      return new Repartition(node, ports);
    case "tableJoin":
      return new TableJoin(node, ports);
    case "tableChanges":
      return new TableChanges(ports);
  }
}

/** Which elements of an operator are read back as they were at the position of the whole task; null: none. */
export function neededAtHead(node: StatefulNode): ((element: Pick<Element, "seq">) => boolean) | null {
  return node.op === "suppress" ? isMark : null;
}
