import kafkajs from "kafkajs";
import { projectPath, type StackLayout } from "./layout.ts";

interface TopicFile {
  readonly name: string;
  readonly partitions: number;
  readonly config: Record<string, string>;
}

/** Whether the broker answers and has a controller. */
export function kafkaAnswers(layout: StackLayout): Promise<boolean> {
  return withAdmin(layout, async (admin) => {
    const { brokers, controller } = await admin.describeCluster();
    return brokers.length > 0 && controller !== null;
  });
}

/** Creates the topics of compose/kafka/topics.json that do not exist, before anything can create them otherwise. */
export async function createTopics(layout: StackLayout): Promise<void> {
  const wanted: TopicFile[] = JSON.parse(Deno.readTextFileSync(projectPath("compose/kafka/topics.json")));
  await withAdmin(layout, async (admin) => {
    const present = new Set(await admin.listTopics());
    const topics = wanted.filter(({ name }) => !present.has(name)).map(({ name, partitions, config }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: 1,
      configEntries: Object.entries(config).map(([entry, value]) => ({ name: entry, value })),
    }));
    if (topics.length > 0) await admin.createTopics({ topics, waitForLeaders: true });
  });
}

async function withAdmin<T>(layout: StackLayout, use: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const kafka = new kafkajs.Kafka({
    clientId: "weir-stack",
    brokers: [`127.0.0.1:${layout.ports.kafka}`],
    connectionTimeout: 3_000,
    retry: { retries: 0 },
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
