import type { AppendBatch, LogRecord } from "../../src/ports/log.ts";
import type { Choices } from "./scheduler.ts";
import type { StoredTopic } from "./simulated_log.ts";

/** Log compaction: of each key only the newest record is sure to stay; `share` of what may go does go. Tombstones go last. */
export function compactTopic(topic: StoredTopic, choices: Choices, share: number): void {
  for (const partition of topic.partitions) {
    const newest = new Map<string, number>();
    for (const record of partition.records) newest.set(String(record.key), record.offset);
    const older = new Set<string>();
    partition.records = partition.records.filter((record) => {
      if (newest.get(String(record.key)) === record.offset || !choices.chance(share)) {
        if (newest.get(String(record.key)) !== record.offset) older.add(String(record.key));
        return true;
      }
      return false;
    });
    const removable = (record: LogRecord) =>
      record.value === null && !older.has(String(record.key)) && record.offset < partition.end - 1;
    if (share === 1) {
      partition.records = partition.records.filter((record) => !removable(record) || choices.chance(0.3));
    }
  }
}

/** Time retention of an inbox: a prefix is cut off, rarely even one that was not read yet. */
export function cutInbox(topic: StoredTopic, choices: Choices, safe: (partition: number) => number): void {
  const at = choices.below(topic.partitions.length);
  const partition = topic.partitions[at];
  const limit = choices.chance(0.05) ? partition.end : Math.min(safe(at), partition.end);
  const cut = partition.start + choices.below(Math.max(0, limit - partition.start) + 1);
  partition.records = partition.records.filter((record) => record.offset >= cut);
  partition.start = cut;
}

/** The deliberate bug of a compacted inbox: of each sender only the newest record stays. */
export function compactInbox(topic: StoredTopic): void {
  for (const partition of topic.partitions) {
    const newest = new Map<string, number>();
    const senderOf = (record: LogRecord) => String(JSON.parse(String(record.value)).from);
    for (const record of partition.records) newest.set(senderOf(record), record.offset);
    partition.records = partition.records.filter((record) => newest.get(senderOf(record)) === record.offset);
  }
}

/** The first records, and the others; cut anywhere, or within what is for one partition. A batch that is cut is in both parts. */
export function splitAppend(batches: readonly AppendBatch[], choices: Choices): [AppendBatch[], AppendBatch[]] {
  const sizes = batches.map(({ records }) => records.length);
  const within = sizes.flatMap((size, index) => size > 1 ? [index] : []);
  const before = (index: number) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  let left = 1 + choices.below(before(sizes.length) - 1);
  if (within.length > 0 && choices.chance(0.7)) {
    const index = choices.pick(within);
    left = before(index) + 1 + choices.below(sizes[index] - 1);
  }
  const first: AppendBatch[] = [];
  const rest: AppendBatch[] = [];
  for (const batch of batches) {
    const taken = Math.min(left, batch.records.length);
    left -= taken;
    if (taken > 0) first.push({ ...batch, records: batch.records.slice(0, taken) });
    if (taken < batch.records.length) rest.push({ ...batch, records: batch.records.slice(taken) });
  }
  return [first, rest];
}
