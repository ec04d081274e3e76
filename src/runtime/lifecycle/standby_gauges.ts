import type { Instance } from "./instance.ts";
import type { StandbyState } from "./standby.ts";

const STATES: readonly StandbyState[] = ["reading", "ready", "given up"];

/** Reports the standbys of this instance, if it may have any: how many, what they hold, and how far they are behind. */
export function reportStandbys(
  { standbys, options, topics, topology, ports: { metrics } }: Pick<
    Instance,
    "standbys" | "options" | "topics" | "topology" | "ports"
  >,
): void {
  if (options.standbys === 0) return;
  const all = [...standbys.values()];
  for (const state of STATES) {
    const labels = { topology: topology.name, state: state.replace(" ", "_") };
    metrics.gauge("weir_standbys", labels, all.filter((standby) => standby.state === state).length);
  }
  for (const table of topics.plan.tables) {
    const labels = { topology: topology.name, table: table.name };
    const own = all.filter((standby) => standby.table === table);
    metrics.gauge("weir_standby_lag_records", labels, own.reduce((sum, { lag }) => sum + lag, 0));
    metrics.gauge("weir_standby_rows", labels, own.reduce((sum, { rows }) => sum + (rows?.entries.size ?? 0), 0));
  }
}
