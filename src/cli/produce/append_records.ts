import { systemClock } from "../../adapters/local/system_clock.ts";
import type { Log, NewRecord } from "../../ports/log.ts";
import { isRetriable, retry } from "../../ports/retry.ts";
import { ConfigError } from "../../record/errors.ts";
import { partitionOf } from "../../record/partitioner.ts";

const RETRY = { firstMs: 100, lastMs: 1_000 };
const TRIES_MAX = 30;
/** Begin of the names of Weir's own topics, the inboxes of tasks. */
const OWN_PREFIX = "weir.";

/** A record with its key's bytes, or none; `value` null: a tombstone. */
export interface KeyedRecord {
  readonly key: string | null;
  readonly value: string | null;
}

/** Records for one topic. */
export interface AppendRequest {
  readonly topic: string;
  /** Of the topic, if it must be made. */
  readonly partitions: number;
  /** Of the topic, if it must be made; compacted if absent. */
  readonly cleanup?: "compact" | "delete";
  readonly records: readonly KeyedRecord[];
}

/** What became of them. */
export interface Appended {
  /** The topic was made for them. */
  readonly created: boolean;
  readonly partitions: number;
}

/**
 * Appends records to a topic, each in the partition in which Kafka's default partitioner puts its key, in their order.
 * A topic that is not there is made, and its records are kept for ever.
 * @throws ConfigError for a topic of Weir's own. @throws ProductionError when the log refuses
 */
export async function appendRecords(
  log: Pick<Log, "topics" | "createTopic" | "append">,
  { topic, partitions, cleanup = "compact", records }: AppendRequest,
): Promise<Appended> {
  if (topic.startsWith(OWN_PREFIX)) {
    throw new ConfigError([`Cannot write to "${topic}": it is an inbox of Weir's own. Write to a topic of a source`]);
  }
  let known = (await log.topics([topic])).get(topic);
  const created = known === undefined;
  if (known === undefined) {
    await log.createTopic({ name: topic, partitions, cleanup, retentionMs: -1 });
    known = (await log.topics([topic])).get(topic)!;
  }
  const found = known.partitions;
  const byPartition = new Map<number, NewRecord[]>();
  for (const [index, record] of records.entries()) {
    // Kafka's producers spread what has no key, too.
    const partition = record.key === null ? index % found : partitionOf(record.key, found);
    const list = byPartition.get(partition);
    if (list === undefined) byPartition.set(partition, [record]);
    else list.push(record);
  }
  let tries = 0;
  await retry(() => log.append([...byPartition].map(([partition, list]) => ({ topic, partition, records: list }))), {
    clock: systemClock,
    ...RETRY,
    retriable: (error) => isRetriable(error) && ++tries < TRIES_MAX,
  });
  return { created, partitions: found };
}
