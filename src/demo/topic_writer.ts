import type { Clock } from "../ports/clock.ts";
import type { AppendBatch, Log, NewRecord } from "../ports/log.ts";
import { retry } from "../ports/retry.ts";
import { ConfigError } from "../record/errors.ts";
import { partitionOf } from "../record/partitioner.ts";
import { type PerTable, perTable, recordKey, TABLES, topicOf } from "./schema.ts";
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

/** Creates the five topics, compacted, where they do not exist. */
export async function createTopics(log: Log, partitions: number): Promise<void> {
  for (const table of TABLES) {
    await log.createTopic({ name: topicOf(table), partitions, cleanup: "compact", retentionMs: -1 });
  }
}

/**
 * Partition counts of the five topics as they are; as any producer, the store writes into the partitions that it finds.
 * @throws ConfigError when a topic is missing
 */
export async function partitionCounts(log: Log): Promise<PerTable> {
  const found = await log.topics(TABLES.map(topicOf));
  const counts = perTable(0);
  const missing: string[] = [];
  for (const table of TABLES) {
    const topic = found.get(topicOf(table));
    if (topic === undefined) missing.push(topicOf(table));
    else counts[table] = topic.partitions;
  }
  if (missing.length === 0) return counts;
  throw new ConfigError(
    missing.map((topic) =>
      `Cannot write "${topic}" as the demo store: current value is missing. Create the topic first`
    ),
  );
}

/** A writer to topics of the given partition counts; `append` is what stores the batches. */
export function topicWriter(counts: PerTable, append: (batches: AppendBatch[]) => Promise<unknown>): TopicWriter {
  const partitions = TABLES.map((table) => Array.from({ length: counts[table] }, (): NewRecord[] => []));
  let size = 0;
  return {
    emit(table, id, value, timestampMs) {
      const key = recordKey(id);
      partitions[TABLES.indexOf(table)][partitionOf(key, counts[table])].push({ key, value, timestampMs });
      size++;
    },
    size: () => size,
    async flush() {
      const batches: AppendBatch[] = [];
      for (let table = 0; table < TABLES.length; table++) {
        const topic = topicOf(TABLES[table]);
        for (let partition = 0; partition < partitions[table].length; partition++) {
          const records = partitions[table][partition];
          if (records.length === 0) continue;
          batches.push({ topic, partition, records });
          partitions[table][partition] = [];
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
