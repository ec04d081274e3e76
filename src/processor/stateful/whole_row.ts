import type { StreamAggregateSpec } from "../../dsl/stream_aggregates.ts";

/** Whether the only total of a group is a row, which is shown by its own columns beside those of the group. */
export function isWholeRow(totals: Readonly<Record<string, StreamAggregateSpec>>): boolean {
  return Object.values(totals).some(({ kind }) => kind === "reduce" || kind === "newest");
}
