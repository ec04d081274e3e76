import type { PlannedTopology } from "../../console/api/contract.ts";
import { planGraph } from "../../src/cli/api/plan_graph.ts";
import type { Topology } from "../../src/dsl/topology.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import type { Standing } from "./mock_standing.ts";

/** A real topology as an instance tells of it. */
export function plannedOf(topology: Topology): PlannedTopology {
  const description = describe(compile(topology), topology);
  return { name: topology.name, description, ...planGraph(description, topology) };
}

/** The same of a topology one of whose sources has masked columns, which have gone into these of its tables. */
export function maskedPlan(plan: PlannedTopology, { masked }: Pick<Standing, "masked">): PlannedTopology {
  const { sources, sinks } = plan.description;
  if (!sinks.some(({ name }) => name in masked)) return plan;
  const [first, ...others] = sources;
  return {
    ...plan,
    description: {
      ...plan.description,
      sources: [{ ...first, masked: [first.columns[0]] }, ...others],
      sinks: sinks.map((sink) => sink.name in masked ? { ...sink, masked: masked[sink.name] } : sink),
    },
  };
}
