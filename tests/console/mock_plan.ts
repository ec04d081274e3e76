import type { PlannedTopology } from "../../console/api/contract.ts";
import { planGraph } from "../../src/cli/api/plan_graph.ts";
import type { Topology } from "../../src/dsl/topology.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";

/** A real topology as an instance tells of it. */
export function plannedOf(topology: Topology): PlannedTopology {
  const description = describe(compile(topology), topology);
  return { name: topology.name, description, ...planGraph(description, topology) };
}
