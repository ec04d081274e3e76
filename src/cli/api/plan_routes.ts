import type { Topology } from "../../dsl/topology.ts";
import { compile } from "../../plan/compile.ts";
import { describe } from "../../plan/describe.ts";
import type { TopologyDescription } from "../../plan/description.ts";
import type { PhysicalPlan } from "../../plan/physical.ts";
import { TopologyError } from "../../record/errors.ts";
import type { Routes } from "../http_server.ts";
import type { ShownRun } from "../start/shown_run.ts";
import { API_VERSION, json } from "./answer.ts";
import { type Graph, planGraph } from "./plan_graph.ts";
import type { Watched } from "./watched.ts";

/** A topology as it is drawn, and in all detail. */
interface PlannedTopology extends Graph {
  readonly name: string;
  readonly description: TopologyDescription;
}

/** `GET /api/plan`: the graph of each topology. One that cannot be planned is left out; its state says why. */
export function planRoutes(watched: Pick<Watched, "runs">): Routes {
  return { "GET /api/plan": () => json({ version: API_VERSION, topologies: watched.runs.flatMap(planned) }) };
}

function planned({ name, topology, runner }: ShownRun): PlannedTopology[] {
  const plan = runner?.topics?.plan ?? (topology === null ? null : planOf(topology));
  if (topology === null || plan === null) return [];
  const description = describe(plan, topology);
  return [{ name, description, ...planGraph(description, topology) }];
}

function planOf(topology: Topology): PhysicalPlan | null {
  try {
    return compile(topology);
  } catch (error) {
    if (error instanceof TopologyError) return null;
    throw error;
  }
}
