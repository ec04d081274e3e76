import type { Clock } from "../ports/clock.ts";
import type { AppendBatch, Log, NewRecord } from "../ports/log.ts";
import { retry } from "../ports/retry.ts";
import { ConfigError } from "../record/errors.ts";
import { partitionOf } from "../record/partitioner.ts";
import { EVENTS, type FeedName, FEEDS, recordKey, TABLES, topicOf } from "./schema.ts";
import type { EmitChange } from "./transaction.ts";

const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 5_000;

/** Collects records by topic and partition, and appends them. Order is kept within every partition. */
export interface TopicWriter {
  readonly emit: EmitChange;
  /** Records collected and not yet handed to the log. */
  size(): number;
  /**
   * Appends all that was collected; resolves when it is acknowledged. Await it before the next call: order would
   * suffer.
   */
  flush(): Promise<void>;
}

/** Events are kept so long: a demo that runs for weeks must not fill a disk. */
const EVENTS_RETENTION_MS = 7 * 86_400_000;

/** Creates the topics where they do not exist: those of tables compacted, those of events kept for a week. */
export async function createTopics(log: Log, { partitions, feeds }: TopicsWanted): Promise<void> {
  for (const table of TABLES) {
    await log.createTopic({ name: topicOf(table), partitions, cleanup: "compact", retentionMs: -1 });
  }
  for (const event of EVENTS) {
    if (!feeds.includes(event)) continue;
    await log.createTopic({ name: topicOf(event), partitions, cleanup: "delete", retentionMs: EVENTS_RETENTION_MS });
  }
}

interface TopicsWanted {
  readonly partitions: number;
  readonly feeds: readonly FeedName[];
}

/** Partition counts of the topics that are written to. */
export type PartitionCounts = ReadonlyMap<FeedName, number>;

/**
 * Partition counts of topics as they are; as any producer, the store writes into the partitions that it finds.
 * @throws ConfigError when a topic is missing
 */
export async function partitionCounts(log: Log, feeds: readonly FeedName[]): Promise<PartitionCounts> {
  const found = await log.topics(feeds.map(topicOf));
  const counts = new Map<FeedName, number>();
  const missing: string[] = [];
  for (const feed of feeds) {
    const topic = found.get(topicOf(feed));
    if (topic === undefined) missing.push(topicOf(feed));
    else counts.set(feed, topic.partitions);
  }
  if (missing.length === 0) return counts;
  throw new ConfigError(
    missing.map((topic) =>
      `Cannot write "${topic}" as the demo store: current value is missing. Create the topic first`
    ),
  );
}

/** A writer to topics of the given partition counts; `append` is what stores the batches. */
export function topicWriter(
  counts: PartitionCounts,
  append: (batches: AppendBatch[]) => Promise<unknown>,
): TopicWriter {
  const partitions = FEEDS.map((feed) => Array.from({ length: counts.get(feed) ?? 0 }, (): NewRecord[] => []));
  let size = 0;
  return {
    emit(feed, id, value, timestampMs) {
      const key = recordKey(feed, id);
      const topic = partitions[FEEDS.indexOf(feed)];
      topic[partitionOf(key, topic.length)].push({ key, value, timestampMs });
      size++;
    },
    size: () => size,
    async flush() {
      const batches: AppendBatch[] = [];
      for (let feed = 0; feed < FEEDS.length; feed++) {
        const topic = topicOf(FEEDS[feed]);
        for (let partition = 0; partition < partitions[feed].length; partition++) {
          const records = partitions[feed][partition];
          if (records.length === 0) continue;
          batches.push({ topic, partition, records });
          partitions[feed][partition] = [];
        }
      }
      size = 0;
      if (batches.length > 0) await append(batches);
    },
  };
}

/**
 * Appends, and tries again as long as the log calls its refusal retriable.
 * @throws ProductionError when it does not, or whatever `signal` was aborted with
 */
export async function appendPatiently(
  log: Log,
  batches: AppendBatch[],
  options: { clock: Clock; signal?: AbortSignal },
): Promise<void> {
  const { clock, signal } = options;
  await retry(() => log.append(batches), {
    clock: {
      async sleep(ms) {
        await clock.sleep(ms, signal);
        signal?.throwIfAborted();
      },
    },
    firstMs: RETRY_FIRST_MS,
    lastMs: RETRY_MOST_MS,
  });
}
