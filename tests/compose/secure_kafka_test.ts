import { assert, assertEquals, assertRejects } from "@std/assert";
import { Kafka, logLevel } from "kafkajs";
import { kafkaConfig, prepareTopics, type WantedTopic } from "../../compose/kafka/prepare_kafka.ts";
import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { retry } from "../../src/ports/retry.ts";
import { ConfigError, ProductionError } from "../../src/record/errors.ts";
import { passwordNames } from "../../tools/secrets/passwords.ts";
import { projectPath, readText } from "./compose_files.ts";
import { type SecureKafka, startSecureKafka } from "./secure_kafka.ts";

const ignore = Deno.env.get("WEIR_TEST_STACK") === undefined;
const suffix = ignore ? " (starts a broker of its own: set WEIR_TEST_STACK=1)" : "";
const ORDERS = "online_store.public.orders";

let kafka: SecureKafka;

Deno.test.beforeAll(async () => {
  if (!ignore) kafka = await startSecureKafka();
});

Deno.test.afterAll(async () => {
  if (!ignore) await kafka.close();
});

/** The port as Weir opens it, logged in as `username`. */
function logAs(username: string, password = kafka.password(username)) {
  return openKafka({
    brokers: [kafka.broker],
    clientId: "test",
    tls: { ca: kafka.ca },
    sasl: { mechanism: "scram-sha-512", username, password },
    operationTimeoutMs: 5_000,
    deliveryTimeoutMs: 5_000,
  });
}

function environmentOf(user: string): Record<string, string> {
  return {
    KAFKA_BROKERS: kafka.broker,
    KAFKA_CA_FILE: `${kafka.secrets}/ca.crt`,
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD_FILE: `${kafka.secrets}/kafka_${user}_password`,
  };
}

async function prepare(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", projectPath("compose/kafka/prepare_kafka.ts")],
    env: environmentOf("admin"),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test({
  name: `kafka-init creates topics and rights once, and puts a changed topic right${suffix}`,
  ignore,
  async fn() {
    const first = await prepare();
    const topics: WantedTopic[] = JSON.parse(readText("compose/kafka/topics.json"));
    assertEquals(first.length, topics.length + 2);
    assert(first.includes(`created ${ORDERS} with 6 partitions`));
    assertEquals(await prepare(), ["rights given", "Kafka is prepared"]);
    const admin = new Kafka({ ...kafkaConfig(environmentOf("admin")), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = [{ name: "cleanup.policy", value: "delete" }, { name: "segment.bytes", value: "1048576" }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: ORDERS, configEntries }] });
    assert((await prepare()).includes(`configured ${ORDERS}`));
    const { resources: [{ configEntries: now }] } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: ORDERS }],
    });
    const value = (key: string) => now.find(({ configName }) => configName === key)?.configValue;
    assertEquals([value("cleanup.policy"), value("delete.retention.ms"), value("segment.bytes")], [
      "compact",
      "604800000",
      "1048576",
    ]);
    const more = topics.map((topic) => ({ ...topic, partitions: 12 }));
    const preparing = () => prepareTopics(admin, more, { replicationFactor: 1 });
    await assertRejects(preparing, ConfigError, `${ORDERS} has 6, topics.json says 12`);
    await admin.disconnect();
  },
});

Deno.test({
  name: `user weir reads the store's topics, has its own, and can do nothing else${suffix}`,
  ignore,
  async fn() {
    const log = logAs("weir");
    assertEquals((await log.topics([ORDERS])).get(ORDERS)?.partitions, 6);
    assertEquals((await log.offsets(ORDERS)).end.length, 6);
    await log.createTopic({ name: "weir.test.inbox.g1", partitions: 2, cleanup: "delete", retentionMs: 60_000 });
    assertEquals(
      await log.append([{ topic: "weir.test.inbox.g1", partition: 0, records: [{ key: "a", value: "b" }] }]),
      [0],
    );
    const place = { topic: "weir.test.inbox.g1", partition: 0 };
    const { promise: assigned, resolve, reject } = Promise.withResolvers<readonly string[]>();
    const membership = await log.join({
      group: "weir.test",
      tasks: [{ id: "t-0", partitions: [place], transactional: true }],
      onAssigned: resolve,
      onFailed: reject,
    });
    assertEquals([...await assigned], ["t-0"]);
    // The broker makes its topic of transactions when it is first asked for.
    const [{ tenure }] = await retry(() => membership.held([place]), { clock: systemClock, firstMs: 200, lastMs: 200 });
    const batches = [{ topic: "weir.test.inbox.g1", partition: 1, records: [{ key: "a", value: "b" }] }];
    await membership.transact({ ...place, offset: 1, note: "" }, { tenure, batches });
    assertEquals((await membership.held([place]))[0].progress?.offset, 1);
    await log.truncateBefore("weir.test.inbox.g1", { partition: 0, offset: 1 });
    assertEquals((await log.offsets("weir.test.inbox.g1")).start, [1, 0]);
    await assertRejects(() => log.append([{ topic: ORDERS, partition: 0, records: [{ key: "a", value: "b" }] }]));
    const truncating = () => log.truncateBefore(ORDERS, { partition: 0, offset: 1 });
    const refusal = await assertRejects(truncating, ProductionError, "allow this user Delete on the topic");
    assertEquals(refusal.retriable, false);
    await assertRejects(() =>
      log.createTopic({ name: "elsewhere", partitions: 1, cleanup: "delete", retentionMs: 60_000 })
    );
    await log.close();
  },
});

Deno.test({
  name: `user debezium writes the store's topics, and can neither read Weir's nor make others${suffix}`,
  ignore,
  async fn() {
    const client = new Kafka({ ...kafkaConfig(environmentOf("debezium")), retry: { retries: 0 } });
    const producer = client.producer();
    await producer.connect();
    const [{ errorCode }] = await producer.send({ topic: ORDERS, messages: [{ key: '{"id":1}', value: "{}" }] });
    assertEquals(errorCode, 0);
    await assertRejects(() => producer.send({ topic: "weir.test.inbox.g1", messages: [{ value: "x" }] }));
    const admin = client.admin();
    await admin.connect();
    await assertRejects(() => admin.fetchTopicOffsets("weir.test.inbox.g1"));
    await assertRejects(() => admin.createTopics({ topics: [{ topic: "elsewhere", numPartitions: 1 }] }));
    await assertRejects(() => admin.deleteTopics({ topics: [ORDERS] }));
    await Promise.all([producer.disconnect(), admin.disconnect()]);
  },
});

Deno.test({
  name: `nobody gets in without TLS, the right authority and a password${suffix}`,
  ignore,
  async fn() {
    const sasl = { mechanism: "scram-sha-512", username: "weir", password: kafka.password("weir") } as const;
    const refused = {
      "no password": { brokers: [kafka.broker], ssl: { ca: [kafka.ca] } },
      "wrong password": { brokers: [kafka.broker], ssl: { ca: [kafka.ca] }, sasl: { ...sasl, password: "weir" } },
      "unknown user": { brokers: [kafka.broker], ssl: { ca: [kafka.ca] }, sasl: { ...sasl, username: "nobody" } },
      "no TLS": { brokers: [kafka.broker], sasl },
      "unknown authority": { brokers: [kafka.broker], ssl: true, sasl },
    };
    for (const [name, config] of Object.entries(refused)) {
      const admin = new Kafka({
        ...config,
        logLevel: logLevel.NOTHING,
        connectionTimeout: 3_000,
        requestTimeout: 3_000,
        retry: { retries: 0 },
      }).admin();
      await assertRejects(async () => {
        await admin.connect();
        await admin.listTopics();
      }, name);
      await admin.disconnect().catch(() => {});
    }
  },
});

Deno.test({
  name: `no password is in what the broker and its start script wrote${suffix}`,
  ignore,
  fn() {
    const log = kafka.log();
    assert(log.includes("sasl.enabled.mechanisms = [SCRAM-SHA-512]"), "the log does not show the configuration");
    for (const name of passwordNames) assert(!log.includes(Deno.readTextFileSync(`${kafka.secrets}/${name}`)), name);
  },
});
