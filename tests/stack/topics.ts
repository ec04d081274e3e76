import { type Channel, type Cluster, openCluster } from "../../src/adapters/kafka/cluster.ts";
import { kafkaSettings } from "../../src/adapters/kafka/kafka_options.ts";
import { createTopicWith } from "../../src/adapters/kafka/topics.ts";
import { projectPath, type StackLayout } from "./layout.ts";

interface TopicFile {
  readonly name: string;
  readonly partitions: number;
  readonly config: Record<string, string>;
}

/** Whether the broker answers and has a controller. */
export function kafkaAnswers(layout: StackLayout): Promise<boolean> {
  return withCluster(layout, async (cluster) => {
    const { brokers, controllerId } = await cluster.refresh([]);
    return brokers.has(controllerId);
  });
}

/** Creates the topics of compose/kafka/topics.json that do not exist, before anything can create them otherwise. */
export function createTopics(layout: StackLayout): Promise<void> {
  const wanted: TopicFile[] = JSON.parse(Deno.readTextFileSync(projectPath("compose/kafka/topics.json")));
  return withCluster(layout, async (cluster, channel) => {
    await Promise.all(wanted.map((topic) => createTopicWith({ cluster, channel }, topic)));
  });
}

async function withCluster<T>(
  layout: StackLayout,
  use: (cluster: Cluster, channel: Channel) => Promise<T>,
): Promise<T> {
  const brokers = [`127.0.0.1:${layout.ports.kafka}`];
  const cluster = openCluster(kafkaSettings({ brokers, clientId: "weir-stack", connectTimeoutMs: 3_000 }));
  const channel = cluster.openChannel();
  try {
    return await use(cluster, channel);
  } finally {
    await channel.close();
    await cluster.close();
  }
}
