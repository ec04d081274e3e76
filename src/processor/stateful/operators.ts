import type { StatefulNode } from "../../dsl/stream_nodes.ts";
import type { StatefulOperator, StatefulPorts } from "./stateful.ts";
import { streamAggregate } from "./stream_aggregate.ts";

/** The machine of a stateful operator. */
export function statefulOperator(node: StatefulNode, ports: StatefulPorts): StatefulOperator {
  return streamAggregate(node, ports);
}
