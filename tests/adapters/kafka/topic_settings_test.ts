import { assertEquals } from "@std/assert";
import { openCluster } from "../../../src/adapters/kafka/cluster.ts";
import { openKafka } from "../../../src/adapters/kafka/kafka_log.ts";
import { kafkaSettings } from "../../../src/adapters/kafka/protocol/options.ts";
import { createTopicWith } from "../../../src/adapters/kafka/topics.ts";
import { readToEnd, textOf, uniqueName } from "../../ports/log_conformance_support.ts";
import { brokers } from "./real_broker.ts";

const ignore = brokers.length === 0;
const needs = ignore ? " (needs WEIR_TEST_KAFKA)" : "";
const TOPIC_RESOURCE = 2;

/** Settings of a topic as the broker has them. */
async function settingsOf(topic: string, configNames: string[]): Promise<Record<string, string>> {
  const cluster = openCluster(kafkaSettings({ brokers, clientId: "weir-test" }));
  const channel = cluster.openChannel();
  try {
    const { resources } = await channel.callAny(({ broker }) =>
      broker.describeConfigs({
        resources: [{ type: TOPIC_RESOURCE, name: topic, configNames }],
        includeSynonyms: false,
      })
    );
    return Object.fromEntries(
      resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]),
    );
  } finally {
    await channel.close();
    await cluster.close();
  }
}

Deno.test({
  name: `createTopic() leaves nothing that matters to the broker's defaults${needs}`,
  ignore,
  async fn() {
    const log = openKafka({ brokers, clientId: "weir-test" });
    const name = uniqueName("settings");
    const limits = { retentionMs: 3_600_000, messageBytesMax: 16_777_216 };
    await log.createTopic({ name, partitions: 1, cleanup: "delete", ...limits });
    const wanted = {
      "cleanup.policy": "delete",
      "retention.ms": "3600000",
      "retention.bytes": "-1",
      "max.message.bytes": "16777216",
      "segment.bytes": "268435456",
      "compression.type": "producer",
    };
    assertEquals(await settingsOf(name, Object.keys(wanted)), wanted);
    await log.close();
  },
});

for (const codec of ["gzip", "snappy", "lz4", "zstd", "uncompressed"]) {
  Deno.test({
    name: `Reader.poll() reads what a broker with compression.type=${codec} made of our batches${needs}`,
    ignore,
    async fn() {
      const cluster = openCluster(kafkaSettings({ brokers, clientId: "weir-test" }));
      const channel = cluster.openChannel();
      const topic = uniqueName(codec);
      const config = { "compression.type": codec };
      await createTopicWith({ cluster, channel }, { name: topic, partitions: 1, config });
      for (const compression of ["none", "zstd"] as const) {
        const log = openKafka({ brokers, clientId: "weir-test", compression });
        const values = Array.from({ length: 2_000 }, (_, index) => `${index}:${"some words ".repeat(index % 60)}`);
        const records = values.map((value) => ({ key: value.slice(0, 9), value }));
        const [offset] = await log.append([{ topic, partition: 0, records }]);
        const read = await readToEnd(log, topic, offset);
        assertEquals(read.map(({ key, value }) => [textOf(key), textOf(value)]), records.map(Object.values));
        await log.close();
      }
      await channel.close();
      await cluster.close();
    },
  });
}
