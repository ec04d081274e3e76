import { assertEquals } from "@std/assert";
import type { Admin } from "kafkajs";
import { prepareTopics } from "../../compose/kafka/prepare_kafka.ts";

Deno.test("prepareTopics() waits for a name that the broker is still deleting", async () => {
  const topics = new Set<string>();
  const deleting = new Set(["b"]);
  const asked: string[][] = [];
  // As kafkajs does it: false when all that was refused exists already, although it is not listed.
  const admin = {
    listTopics: () => Promise.resolve([...topics]),
    createTopics({ topics: wanted }: { topics: { topic: string }[] }) {
      asked.push(wanted.map(({ topic }) => topic));
      const refused = wanted.filter(({ topic }) => deleting.has(topic));
      for (const { topic } of wanted) if (!deleting.has(topic)) topics.add(topic);
      deleting.clear();
      return Promise.resolve(refused.length === 0);
    },
  } as unknown as Admin;
  const wanted = ["a", "b"].map((name) => ({ name, partitions: 6, config: {} }));
  const done = await prepareTopics(admin, wanted, { replicationFactor: 1 });
  assertEquals(done, ["created a with 6 partitions", "created b with 6 partitions"]);
  assertEquals(asked, [["a", "b"], ["b"]]);
  assertEquals([...topics], ["a", "b"]);
});
