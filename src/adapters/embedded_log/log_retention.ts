import { type MaintenanceOptions, sliceRecords } from "./log_maintenance_options.ts";
import type { PartitionState, TopicState } from "./log_store.ts";

/**
 * Deletes the records of a partition that are older than the topic keeps them, from the start up to the first that is
 * young enough, and moves the start there. Works in slices of one turn each. Gives back how many it deleted.
 */
export async function retainPartition(
  options: MaintenanceOptions,
  topic: TopicState,
  partition: number,
): Promise<number> {
  const { clock, limits } = options;
  const state = topic.partitions[partition];
  let deleted = 0;
  for (;;) {
    if (topic.compacted || topic.retentionMs < 0 || state.start >= state.end) return deleted;
    await clock.breathe();
    if (options.isStopped() || topic.deleted) return deleted;
    const limit = sliceRecords(limits, state);
    const rows = options.store.readKeys(topic, { partition, from: state.start, to: state.end, limit });
    const oldestMs = clock.nowMs() - topic.retentionMs;
    const young = rows.findIndex(([, timestampMs]) => timestampMs >= oldestMs);
    const start = young >= 0 ? rows[young][0] : rows.length < limit ? state.end : rows[rows.length - 1][0] + 1;
    if (start > state.start) deleted += moveStart(options, { topic, state, start });
    if (young >= 0) return deleted;
  }
}

/** Deletes what lies before `start`, however much that is, in slices. */
export async function truncatePartition(options: MaintenanceOptions, to: StartMove): Promise<void> {
  const { topic, state, start } = to;
  while (state.start < start && !options.isStopped() && !topic.deleted) {
    const next = Math.min(start, state.start + sliceRecords(options.limits, state));
    moveStart(options, { topic, state, start: next });
    await options.clock.breathe();
  }
}

/** A partition and the offset that becomes its start. */
export interface StartMove {
  readonly topic: TopicState;
  readonly state: PartitionState;
  readonly start: number;
}

function moveStart({ store }: MaintenanceOptions, { topic, state, start }: StartMove): number {
  const { partition } = state;
  const deleted = store.transaction(() => {
    store.saveStart(topic, { partition, start });
    return store.deleteRange(topic, { partition, from: state.start, to: start });
  });
  state.start = start;
  return deleted;
}
