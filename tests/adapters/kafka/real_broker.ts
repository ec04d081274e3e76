import { type BrokerChannel, type Cluster, openCluster } from "../../../src/adapters/kafka/cluster.ts";
import { kafkaSettings } from "../../../src/adapters/kafka/protocol/options.ts";
import type { KafkaJsBroker } from "../../../src/adapters/kafka/protocol/kafkajs_internals.ts";
import { configOf, createTopicWith } from "../../../src/adapters/kafka/topics.ts";
import type { Log } from "../../../src/ports/log.ts";

/** Brokers of `WEIR_TEST_KAFKA` (host:port, separated by commas); empty when tests are to run without. */
export const brokers = (Deno.env.get("WEIR_TEST_KAFKA") ?? "").split(",").filter((broker) => broker !== "");

/** Removes the topic and resolves when no metadata name it any more. */
export function deleteTopic(topic: string): Promise<void> {
  return withCluster(async (cluster, channel) => {
    const { controllerId } = await cluster.refresh([topic]);
    await channel.call(controllerId, ({ broker }) => (broker as MoreOfBroker).deleteTopics({ topics: [topic] }));
    while ((await cluster.refresh([topic])).topics.has(topic)) await new Promise((resolve) => setTimeout(resolve, 50));
  });
}

/**
 * A log whose compacted topics are compacted as soon as the broker's cleaner comes round: every append begins a segment
 * of its own, because the cleaner never touches the newest one.
 */
export function compactingSoon(log: Log): Log {
  const compacted = new Set<string>();
  return {
    ...log,
    async createTopic(topic) {
      if (topic.cleanup !== "compact") return await log.createTopic(topic);
      compacted.add(topic.name);
      const { name, partitions } = topic;
      const config = { ...configOf(topic), ...SOON };
      await withCluster((cluster, channel) => createTopicWith({ cluster, channel }, { name, partitions, config }));
    },
    async append(batches) {
      // Segments are told apart by their records' times, in milliseconds.
      if (batches.some(({ topic }) => compacted.has(topic))) await new Promise((resolve) => setTimeout(resolve, 5));
      return await log.append(batches);
    },
  };
}

/** What lets the cleaner come soon. */
const SOON = { "segment.ms": "1", "min.cleanable.dirty.ratio": "0.01" };

/**
 * Resolves when the cleaner has removed the first record of the topic's partition 0, which a later one of its key
 * replaces.
 */
export async function waitForCompaction(log: Log, topic: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const reader = log.reader();
    reader.seek(topic, 0, 0);
    const first = (await reader.poll(2_000))[0]?.records[0];
    await reader.close();
    if (first !== undefined && first.offset > 0) return;
    if (Date.now() > deadline) throw new Error(`the cleaner has not come to ${topic} within 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Requests that kafkajs' broker has and the adapter does not need. */
interface MoreOfBroker extends KafkaJsBroker {
  deleteTopics(request: { topics: string[] }): Promise<unknown>;
}

async function withCluster<T>(use: (cluster: Cluster, channel: BrokerChannel) => Promise<T>): Promise<T> {
  const cluster = openCluster(kafkaSettings({ clientId: "weir-test-admin", brokers }));
  const channel = cluster.openChannel();
  try {
    return await use(cluster, channel);
  } finally {
    await channel.close();
    await cluster.close();
  }
}
