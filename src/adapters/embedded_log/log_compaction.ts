import { type MaintenanceOptions, sliceRecords } from "./log_maintenance_options.ts";
import type { LogStore, PartitionState, TopicState } from "./log_store.ts";
import type { ReadRange, StoredKey } from "./stored_records.ts";
import { keyIdentity } from "./stored_bytes.ts";

/** A tombstone is as long as so much of a row's record, about. Kafka's ratio is one of bytes. */
const TOMBSTONE_SHARE = 1 / 8;

/** How far a pass over a partition has come. */
interface Pass {
  readonly options: MaintenanceOptions;
  readonly topic: TopicState;
  readonly state: PartitionState;
}

/** What the first half of a pass has learnt. */
interface Dirty {
  /** Newest offset of each key seen at or after `compactedTo`. */
  readonly newest: Map<string, number>;
  /** The pass cleans up to here. */
  readonly to: number;
  /** True if there is a tombstone among them. */
  readonly tombstones: boolean;
}

/** True if the partition has gathered enough new records, or tombstones whose time is over. */
export function isDirty(
  { store, clock, limits }: MaintenanceOptions,
  { topic, state }: { topic: TopicState; state: PartitionState },
): boolean {
  const dirty = state.end - state.compactedTo;
  const ratio = dirty / Math.max(1, dirty + state.live);
  if (dirty >= limits.compactionDirtyRecordsMin && ratio >= limits.compactionDirtyRatio) return true;
  return tombstoneHorizon(store, topic, { partition: state.partition, nowMs: clock.nowMs() }) > 0;
}

/**
 * Keeps the newest record of each key of a partition, and removes tombstones that have been readable for
 * `deleteRetentionMs` since a pass first met them, so that no reader that keeps up misses one. Works in slices of one
 * turn each; records appended meanwhile wait for the next pass. Interrupted, it has removed only what it may, and the
 * next pass does the rest. Gives back how many it removed.
 */
export async function compactPartition(
  options: MaintenanceOptions,
  topic: TopicState,
  partition: number,
): Promise<number> {
  const pass: Pass = { options, topic, state: topic.partitions[partition] };
  let removed = 0;
  const end = pass.state.end;
  do {
    const dirty = await findNewest(pass, end);
    if (dirty === undefined) return removed;
    const cleaned = await removeOlder(pass, dirty);
    if (cleaned === undefined) return removed;
    removed += cleaned;
  } while (pass.state.compactedTo < end);
  return removed;
}

/** Offset below which tombstones may go; 0 for none. */
function tombstoneHorizon(
  store: LogStore,
  topic: TopicState,
  { partition, nowMs }: { partition: number; nowMs: number },
): number {
  return store.cleanings(topic, partition)
    .filter(({ cleanedAtMs }) => cleanedAtMs + topic.deleteRetentionMs <= nowMs)
    .reduce((horizon, { toOffset }) => Math.max(horizon, toOffset), 0);
}

/** First half: the newest offset of each key not compacted yet, as many keys as may be held. Undefined when stopped. */
async function findNewest(pass: Pass, end: number): Promise<Dirty | undefined> {
  const { limits } = pass.options;
  const newest = new Map<string, number>();
  let tombstones = false;
  let from = pass.state.compactedTo;
  while (from < end && newest.size < limits.compactionKeysMax) {
    const limit = sliceRecords(limits, pass.state);
    const rows = await nextKeys(pass, { from, to: end, limit });
    if (rows === undefined) return undefined;
    for (const [offset, , key, tombstone] of rows) {
      if (key !== null) newest.set(keyIdentity(key), offset);
      if (tombstone === 1) tombstones = true;
    }
    from = rows.length < limit ? end : rows[rows.length - 1][0] + 1;
  }
  return { newest, to: from, tombstones };
}

/** Second half: removes what is older, and notes how far the partition is clean. Undefined when stopped. */
async function removeOlder(pass: Pass, dirty: Dirty): Promise<number | undefined> {
  const { options: { store, clock, limits }, topic, state } = pass;
  const partition = state.partition;
  const forgetTo = tombstoneHorizon(store, topic, { partition, nowMs: clock.nowMs() });
  let removed = 0;
  let live = 0;
  let tombstones = 0;
  let from = state.start;
  while (from < dirty.to) {
    const limit = sliceRecords(limits, state);
    const rows = await nextKeys(pass, { from, to: dirty.to, limit });
    if (rows === undefined) return undefined;
    const gone = removeFrom(
      pass,
      rows,
      ([offset, , key, tombstone]) =>
        key !== null && ((dirty.newest.get(keyIdentity(key)) ?? -1) > offset || (tombstone === 1 && offset < forgetTo)),
    );
    removed += gone.records;
    tombstones += gone.tombstonesLeft;
    live += rows.length - gone.records - gone.tombstonesLeft;
    from = rows.length < limit ? dirty.to : rows[rows.length - 1][0] + 1;
  }
  // What is kept for a day of deleted rows would put off the next pass else, while changes fill the file.
  live += Math.ceil(tombstones * TOMBSTONE_SHARE);
  const cleaning = dirty.tombstones ? { toOffset: dirty.to, cleanedAtMs: clock.nowMs() } : undefined;
  store.transaction(() => store.saveCompaction(topic, { partition, compactedTo: dirty.to, live, cleaning, forgetTo }));
  state.compactedTo = dirty.to;
  state.live = live;
  return removed;
}

/**
 * Removes the rows that `isOld` picks; rows that follow each other go with one statement. How many went, and how many
 * of those that stay are tombstones.
 */
function removeFrom(
  { options: { store }, topic, state }: Pass,
  rows: StoredKey[],
  isOld: (row: StoredKey) => boolean,
): { readonly records: number; readonly tombstonesLeft: number } {
  let records = 0;
  let tombstonesLeft = 0;
  store.transaction(() => {
    let from: number | undefined;
    for (const row of rows) {
      if (isOld(row)) {
        from ??= row[0];
        continue;
      }
      tombstonesLeft += row[3];
      if (from !== undefined) {
        records += store.deleteRange(topic, { partition: state.partition, from, to: row[0] });
        from = undefined;
      }
    }
    if (from !== undefined) {
      records += store.deleteRange(topic, { partition: state.partition, from, to: rows[rows.length - 1][0] + 1 });
    }
  });
  return { records, tombstonesLeft };
}

/** The next slice, in a turn of its own; undefined when the work is to stop or the topic is gone. */
async function nextKeys(
  { options, topic, state }: Pass,
  range: Omit<ReadRange, "partition">,
): Promise<StoredKey[] | undefined> {
  await options.clock.breathe();
  if (options.isStopped() || topic.deleted) return undefined;
  return options.store.readKeys(topic, { partition: state.partition, ...range });
}
