import type { RecordMetadata } from "../dsl/events.ts";
import type { StreamNode } from "../dsl/stream_nodes.ts";

/** Where a record lies. */
export type RecordPlace = Pick<RecordMetadata, "topic" | "partition" | "offset">;

/** What became of the events at one operator of streams, in all partitions that this process has, since it began. */
export class EventCounts {
  in = 0;
  out = 0;
  filtered = 0;
  joined = 0;
  withoutPartner = 0;
  nullKeys = 0;
  errors = 0;
  dropped = 0;
  /** Looks at what the operator lets go on, and at which record it was made of; null while nobody looks. */
  tapped: ((value: unknown, key: unknown, place: RecordPlace) => void) | null = null;
}

const COUNTS = new WeakMap<StreamNode, EventCounts>();

/** The counts of an operator. */
export function eventCountsOf(node: StreamNode): EventCounts {
  return COUNTS.getOrInsertComputed(node, () => new EventCounts());
}
