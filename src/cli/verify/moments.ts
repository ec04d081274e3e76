import type { Topology } from "../../dsl/topology.ts";

/** A stretch of time within which ClickHouse was read. Microseconds since the epoch. */
export interface Stretch {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Of which time what ClickHouse shows is, for rows that expire. */
export interface Moments {
  /** For a comparison that takes `spanMs` from now on at most. */
  stretch(spanMs: number): Stretch;
  /** Whether rows expire while one compares. */
  readonly passing: boolean;
}

/** Clocks of two machines differ by less. */
const SKEW_MS = 1_000;

/** Instances run: what expired more than `lagMs` ago has left. */
export function passingMoments(lagMs: number): Moments {
  return {
    passing: true,
    stretch(spanMs) {
      const nowMs = Date.now();
      return { fromUs: (nowMs - lagMs) * 1_000, toUs: (nowMs + spanMs + SKEW_MS) * 1_000 };
    },
  };
}

/** Nothing runs: what is shown is of the time when the last instance ended, and stays so. */
export function pastMoments({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): Moments {
  return { passing: false, stretch: () => ({ fromUs: fromMs * 1_000, toUs: toMs * 1_000 }) };
}

/** Whether rows of the topology expire. */
export function expires({ nodes }: Topology): boolean {
  return nodes.some(({ op }) => op === "expireAfter");
}
