import { isGrouped } from "../../dsl/logical.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TopologyRun } from "./topology_run.ts";

/** A topology that is to be started. */
export type Startable = Pick<TopologyRun, "topology" | "start" | "firstStart">;

/** How long the next topology waits for the one before it. */
const TURN_MS = 10_000;

/** How {@link startInTurn} starts topologies. */
export interface TurnOptions {
  readonly clock: Clock;
  /** Aborted: no further one is started. */
  readonly signal: AbortSignal;
  /**
   * `fewest joins`: those with the fewest joins and aggregates are first, which show the newest rows soonest. `most
   * joins`: of a history in which no row is newer than others, what takes longest is first, and ClickHouse writes its
   * rows while the next one loads.
   */
  readonly first: "fewest joins" | "most joins";
}

/**
 * Starts topologies one after the other: all at once would take as long as the last one, and show nothing until then.
 * Resolves when the last one was started, and has shown its rows or waits for something.
 */
export async function startInTurn(runs: readonly Startable[], { clock, signal, first }: TurnOptions): Promise<void> {
  const sign = first === "fewest joins" ? 1 : -1;
  for (const run of runs.toSorted((a, b) => sign * (joinsOf(a) - joinsOf(b)))) {
    if (signal.aborted) return;
    run.start();
    await Promise.race([run.firstStart, clock.sleep(TURN_MS, signal)]);
  }
}

function joinsOf({ topology }: Startable): number {
  return topology.nodes.filter((node) => isGrouped(node) || "right" in node).length;
}
