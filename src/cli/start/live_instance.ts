import type { Topology } from "../../dsl/topology.ts";
import type { Revision } from "../../runtime/runner.ts";
import type { Configuration } from "../config/configuration.ts";
import type { PrometheusMetrics } from "../prometheus.ts";
import type { TopologyFile } from "../topology_files.ts";
import type { Output } from "./output.ts";
import type { ShownRun } from "./shown_run.ts";
import { TopologyRun } from "./topology_run.ts";
import type { World } from "./world.ts";

/** What an instance is told at its start. */
interface Told {
  readonly configuration: Configuration;
  readonly output: Output;
  /** Aborted to end. */
  readonly signal: AbortSignal;
}

/** An instance, for whoever changes which topologies it runs. */
export interface LiveInstance extends Told {
  readonly world: World;
  /** Those that run, and with them what else is shown: both are to be changed in their places. */
  readonly runs: TopologyRun[];
  readonly shown: ShownRun[];
  /** A run that does not begin yet. `revision` names the program, for snapshots. */
  make(topology: Topology, revision: Revision): TopologyRun;
  /** What was reported of a topology that has ended holds no more. */
  forget(topology: string): void;
}

/** An instance with a run for each of the files, none of which has begun. */
export function liveInstance(
  { configuration, output, signal, revision, loaded }: Told & {
    readonly revision: Revision;
    readonly loaded: { readonly files: readonly TopologyFile[] };
  },
  { world, metrics }: { readonly world: World; readonly metrics: PrometheusMetrics },
): LiveInstance {
  const forget = (topology: string) => metrics.forgetGauges(topology);
  const make = (topology: Topology, revision: Revision) =>
    new TopologyRun({
      topology,
      ports: world.ports,
      options: configuration.run,
      revision,
      data: configuration.dataDirectory,
      onEvent: (event) => output.event(event),
      onDiscarded: () => forget(topology.name),
    });
  const runs = loaded.files.map(({ topology }) => make(topology, revision));
  return { configuration, output, signal, world, runs, shown: [...runs], make, forget };
}
