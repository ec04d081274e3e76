import type { Metrics } from "../../ports/metrics.ts";
import { reportOperators } from "./operator_metrics.ts";
import { TOPOLOGY_STATES } from "./status.ts";
import type { ShownRun } from "./shown_run.ts";

/**
 * Reports how topologies stand, to be called whenever metrics are read. A runner reports about itself only while it
 * runs: of a topology that has not got so far, or waits for its next try, what it said last would be all that is known.
 */
export function reportTopologies(runs: readonly ShownRun[], metrics: Metrics): void {
  for (const run of runs) {
    const { name: topology, state: now } = run;
    for (const state of TOPOLOGY_STATES) {
      metrics.gauge("weir_topology_state", { topology, state }, now === state ? 1 : 0);
    }
    metrics.gauge("weir_ready", { topology }, run.unready().length === 0 ? 1 : 0);
    metrics.gauge("weir_problems", { topology }, run.problems().length);
    if (run.runner !== null) reportOperators(run.runner, metrics);
    for (const { sink, kept, written, deleted } of run.started ?? []) {
      for (const [result, rows] of Object.entries({ kept, written, deleted })) {
        metrics.gauge("weir_start_rows", { topology, sink, result }, rows);
      }
    }
  }
}
