import { Kafka } from "kafkajs";
import { kafkaConfig, prepareTopics, type WantedTopic } from "../../compose/kafka/prepare_kafka.ts";
import { openCluster } from "../../src/adapters/kafka/cluster.ts";
import { kafkaSettings } from "../../src/adapters/kafka/protocol/options.ts";
import { projectPath, type StackLayout } from "./layout.ts";

type Admin = ReturnType<Kafka["admin"]>;

/** Whether the broker answers and has a controller. */
export async function kafkaAnswers(layout: StackLayout): Promise<boolean> {
  const cluster = openCluster(kafkaSettings({ ...addressOf(layout), clientId: "weir-stack", connectTimeoutMs: 3_000 }));
  try {
    const { brokers, controllerId } = await cluster.refresh([]);
    return brokers.has(controllerId);
  } finally {
    await cluster.close();
  }
}

/**
 * Creates the topics of compose/kafka/topics.json that do not exist, before anything can create them otherwise, as the
 * service kafka-init does; with `partitions` instead of the file's number.
 */
export async function createTopics(layout: StackLayout, partitions?: number): Promise<void> {
  const wanted = topicFile().map((topic) => partitions === undefined ? topic : { ...topic, partitions });
  await withAdmin(layout, (admin) => prepareTopics(admin, wanted, { replicationFactor: 1 }));
}

/** Deletes the tables' topics. */
export async function deleteTopics(layout: StackLayout): Promise<void> {
  const topics = topicFile().map(({ name }) => name);
  await withAdmin(layout, async (admin) => {
    await admin.deleteTopics({ topics });
    // The controller removes them one after the other.
    const there = async () => (await admin.listTopics()).filter((name) => topics.includes(name)).length;
    while (await there() > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  });
}

function topicFile(): WantedTopic[] {
  return JSON.parse(Deno.readTextFileSync(projectPath("compose/kafka/topics.json")));
}

async function withAdmin<T>(layout: StackLayout, use: (admin: Admin) => Promise<T>): Promise<T> {
  const { brokers } = addressOf(layout);
  const admin = new Kafka(kafkaConfig({ KAFKA_BROKERS: brokers.join() })).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

function addressOf({ ports }: StackLayout): { readonly brokers: string[] } {
  return { brokers: [`127.0.0.1:${ports.kafka}`] };
}
