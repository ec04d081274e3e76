import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import { orderedKind } from "../../runtime/explain/total_sum.ts";

/** Why results of streams cannot be made again from their events, in words that people read. */
export const WHY_TAKEN = {
  waits: "which changes were told, and which still wait, depends on the order of partitions",
  late: "which events come too late for a window depends on the order of partitions",
  idle: "its windows also close where no event comes, which is in no topic",
  dependent: "its events depend on what was there when they were processed",
  compacted: (topic: string) => `topic "${topic}" is compacted, so that it may have lost records`,
  shortened: (topic: string) => `topic "${topic}" has not all of its records any more`,
  begunLate: (stream: string) => `stream "${stream}" does not begin with the first record`,
  short: "it was declared when events had been read already, so that it has not had all of them",
  repeats: (topic: string) => `which records of "${topic}" are repeats depends on what was there before each`,
} as const;

/** Why the order of events of several partitions decides about some of its totals; null: it does not. */
export function orderedTotal(aggregate: StreamAggregateNode): string | null {
  const kind = orderedKind(aggregate);
  return kind === null ? null : `${kind} depends on the order in which events of several partitions came`;
}
