import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { StreamTotals } from "./stream_totals.ts";
import type { WindowKind } from "./window_kind.ts";

/** Whether an aggregate is the table of a stream's newest values, which takes events without a value, too. */
export function keepsNewest({ sides }: Pick<StreamAggregateNode, "sides">): boolean {
  return Object.values(sides[0].aggregates).some(({ kind }) => kind === "newest");
}

/** The last event of a key, and its time. Nothing of those before it counts. */
export function newestEvent(totals: StreamTotals): WindowKind {
  return {
    steps: ([before = null], event) => [
      { start: 0, end: 0, seq: 0, before, state: totals.add(null, event), timestampUs: event.timestampUs },
    ],
    closesAt: () => null,
    holding: () => [],
    takesUntil: () => null,
  };
}
