import type { LogRecord } from "../../src/ports/log.ts";
import type { Choices } from "./choices.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import type { Profile } from "./profile.ts";
import type { SimulatedLog } from "./simulated_log.ts";
import { isTableTopic } from "./table_topics.ts";
import { type SourceName, sourceRecord, TOPICS } from "./source_records.ts";
import type { StoredTopic } from "./stored_topic.ts";

/** Rows of all sources as they are now. */
type MutableTruth = ReadonlyMap<SourceName, Map<number, Record<string, unknown>>>;

/**
 * Log compaction: of each key only the newest record is sure to stay; `share` of what may go does go. Tombstones go
 * last.
 */
export function compactTopic(
  topic: StoredTopic,
  choices: Choices,
  { share, tombstonesBeforeMs }: { readonly share: number; readonly tombstonesBeforeMs: number },
): void {
  for (const partition of topic.partitions) {
    partition.replicated = partition.end;
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
      record.value === null && record.timestampMs <= tombstonesBeforeMs && !older.has(String(record.key)) &&
      record.offset < partition.end - 1;
    if (share === 1) {
      partition.records = partition.records.filter((record) => !removable(record) || choices.chance(0.3));
    }
  }
}

/** As {@link compactTopic}, of all that are compacted. */
export function compactTopics(
  log: Pick<SimulatedLog, "topics" | "headers">,
  choices: Choices,
  how: { readonly share: number; readonly tombstonesBeforeMs: number },
): void {
  for (const topic of log.topics.values()) {
    if (topic.compacted && !(isTableTopic(topic.name) && choices.chance(0.5))) compactTopic(topic, choices, how);
  }
  log.headers.begin(log);
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

/** So much of a table is gone when its topic is made again, and no tombstone says so. */
const GONE_SHARE = 0.3;

/**
 * A global topic is deleted and made again, with the rows of now. It may go beyond the one before at once, so that
 * offsets tell nothing.
 */
export function recreateTopic(
  { choices, log, truth, profile }: {
    readonly choices: Choices;
    readonly log: SimulatedLog;
    readonly truth: MutableTruth;
    readonly profile: Pick<Profile, "json">;
  },
): void {
  const name = choices.pick(["goods", "makers"] as const);
  const beyond = choices.chance(0.7);
  const topic = TOPICS[name];
  const rows = truth.get(name)!;
  const gone = [...rows.keys()].filter(() => choices.chance(GONE_SHARE));
  if (!choices.happens("recreate", () => `${topic} without ${gone.join(", ") || "nothing"}`)) return;
  for (const id of gone) rows.delete(id);
  const before = log.topics.get(topic)!.partitions;
  log.topics.delete(topic);
  const { partitions } = log.create({ name: topic, partitions: before.length, cleanup: "compact", retentionMs: -1 });
  for (const [id, after] of rows) {
    const record = sourceRecord(name, { id, after, json: profile.json, op: "r" });
    const partition = partitionOf(record.key, before.length);
    do log.store({ topic, partition, records: [record] }); while (
      beyond && partitions[partition].end <= before[partition].end
    );
  }
}
