import type { StatefulNode } from "../../dsl/stream_nodes.ts";
import type { StatefulOperator, StatefulPorts } from "./stateful.ts";
import { streamAggregate } from "./stream_aggregate.ts";
import { StreamJoin } from "./stream_join.ts";
import { Repartition } from "./repartition.ts";
import { StreamProcess } from "./stream_process.ts";
import { Suppress } from "./suppress.ts";
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
  }
}
