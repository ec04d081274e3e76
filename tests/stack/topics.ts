import { ConfigResourceTypes, Kafka, type Message } from "kafkajs";
import { kafkaConfig, prepareTopics, type WantedTopic } from "../../compose/kafka/prepare_kafka.ts";
import { openCluster } from "../../src/adapters/kafka/cluster.ts";
import { kafkaSettings } from "../../src/adapters/kafka/protocol/options.ts";
import { projectPath, type StackLayout } from "./layout.ts";

type Admin = ReturnType<Kafka["admin"]>;

/** The only broker's id, as etc/server.properties has it. */
const BROKER_ID = "1";
/** kafkajs' declaration of the kinds of resources lacks the broker's. */
const BROKER = 4 as ConfigResourceTypes;
/** Source of a setting that a topic has for itself. */
const SET_FOR_TOPIC = 1;

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
  await addTopics(layout, wanted);
}

/** Creates topics of one's own, unless they exist. */
export async function addTopics(layout: StackLayout, wanted: readonly WantedTopic[]): Promise<void> {
  await withAdmin(layout, (admin) => prepareTopics(admin, wanted, { replicationFactor: 1 }));
}

/** Gives a topic more partitions. */
export async function addPartitions(
  layout: StackLayout,
  { topic, count }: { readonly topic: string; readonly count: number },
): Promise<void> {
  await withAdmin(layout, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
}

/** Replaces what was changed of the running broker's configuration. */
export async function configureBroker(layout: StackLayout, changes: Readonly<Record<string, string>>): Promise<void> {
  const configEntries = Object.entries(changes).map(([name, value]) => ({ name, value }));
  await withAdmin(
    layout,
    (admin) =>
      admin.alterConfigs({ validateOnly: false, resources: [{ type: BROKER, name: BROKER_ID, configEntries }] }),
  );
}

/** Changes settings of topics whose name begins with `prefix`, as their administrator may at any time. */
export async function configureTopics(
  layout: StackLayout,
  { prefix, changes }: { readonly prefix: string; readonly changes: Readonly<Record<string, string>> },
): Promise<void> {
  await withAdmin(layout, async (admin) => {
    const topics = await describeTopics(admin, prefix);
    await admin.alterConfigs({
      validateOnly: false,
      resources: topics.map(({ resourceName, configEntries }) => {
        // This request replaces all that was set for the topic.
        const set = configEntries.filter(({ configSource }) => Number(configSource) === SET_FOR_TOPIC);
        const kept = Object.fromEntries(set.map(({ configName, configValue }) => [configName, configValue]));
        const entries = Object.entries({ ...kept, ...changes }).map(([name, value]) => ({ name, value }));
        return { type: ConfigResourceTypes.TOPIC, name: resourceName, configEntries: entries };
      }),
    });
  });
}

/** Topics whose name begins with `prefix`, each with one of its settings. */
export function topicSettings(
  layout: StackLayout,
  { prefix, setting }: { readonly prefix: string; readonly setting: string },
): Promise<{ readonly topic: string; readonly value: string }[]> {
  return withAdmin(layout, async (admin) => {
    const topics = await describeTopics(admin, prefix);
    return topics.map(({ resourceName, configEntries }) => ({
      topic: resourceName,
      value: configEntries.find(({ configName }) => configName === setting)!.configValue,
    }));
  });
}

/** Writes records into partitions that the caller chooses, as a tool of somebody else would. */
export async function writeRecords(
  layout: StackLayout,
  { topic, messages }: { readonly topic: string; readonly messages: Message[] },
): Promise<void> {
  const producer = new Kafka(kafkaConfig({ KAFKA_BROKERS: addressOf(layout).brokers.join() })).producer();
  await producer.connect();
  try {
    await producer.send({ topic, messages });
  } finally {
    await producer.disconnect();
  }
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

/** The topics whose name begins with `prefix`, each with all of its settings. */
async function describeTopics(admin: Admin, prefix: string) {
  const names = (await admin.listTopics()).filter((name) => name.startsWith(prefix));
  const asked = names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name }));
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: asked });
  return resources;
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
