import { assertEquals } from "@std/assert";
import { z } from "zod";
import { type InspectedTopic, type KafkaRelease, releaseOf } from "../../../src/adapters/kafka/inspect_kafka.ts";
import { checkKafka } from "../../../src/cli/doctor/kafka_checks.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";
import { clickhouse, clickhouseAppend, debezium, events, topology } from "../../../src/mod.ts";
import type { Log, TopicDescription } from "../../../src/ports/log.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";

const row = z.object({ id: z.int(), customer_id: z.int() });
const orders = debezium("shop.public.orders", { key: ["id"], row });
const customers = debezium("shop.public.customers", { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const joined = topology("joined", (builder) =>
  builder.table(orders)
    .join("customer", builder.table(customers), (order) => order.customer_id)
    .mapValues(({ id, customer }) => ({ id, name: customer.name }))
    .to(clickhouse("orders", { key: ["id"], columns: { id: "Int64", name: "String" } })));
const clicks = topology("clicks", (builder) =>
  builder.stream(events("shop.clicks", { row: z.object({ id: z.int() }) }))
    .to(clickhouseAppend("clicks", { orderBy: ["id"], columns: { id: "Int64" } })));

const needs = needsOf([joined], { generation: 1 });
const [inbox] = needs.inboxes;

/** A topic as it must be, but for what is given. */
function inspected(name: string, { config = {}, ...other }: Changed = {}): InspectedTopic {
  return {
    ...{ name, partitions: 2, replicas: 3, inSync: 3, operations: new Set(["Read", "DescribeConfigs"]) },
    ...other,
    config: new Map(Object.entries({ ...COMPACTED, ...config })),
  };
}

type Changed = Partial<Omit<InspectedTopic, "config" | "name">> & { readonly config?: Record<string, string> };

const COMPACTED = { "cleanup.policy": "compact", "delete.retention.ms": "604800000", "min.insync.replicas": "2" };

interface Cluster {
  readonly release?: KafkaRelease | null;
  readonly orders?: Changed | "refused" | "missing";
  readonly customers?: Changed;
  readonly inbox?: Partial<TopicDescription>;
  readonly topologies?: typeof needs;
}

/** What is told of a check, with the statement that repairs it. */
async function look(cluster: Cluster, [check, subject]: readonly [check: string, subject: string]) {
  const { orders: changed = {} } = cluster;
  const topics = [inspected("shop.public.customers", cluster.customers), inspected("shop.clicks")];
  if (typeof changed !== "string") topics.push(inspected("shop.public.orders", changed));
  const refused = changed === "refused" ? [["shop.public.orders", "TOPIC_AUTHORIZATION_FAILED"] as const] : [];
  const own: TopicDescription = {
    ...{ name: inbox, partitions: 2, id: null, compacted: false, deletes: true },
    ...{ retentionMs: 86_400_000, deleteRetentionMs: 0, messageBytesMax: defaultRunOptions.messageBytesMax },
    ...cluster.inbox,
  };
  const findings = await checkKafka({
    log: { topics: () => Promise.resolve(new Map([[inbox, own]])) } as unknown as Log,
    inspector: {
      topicNames: () => Promise.resolve([]),
      topics: () => Promise.resolve({ topics: new Map(topics.map((t) => [t.name, t])), refused: new Map(refused) }),
      brokers: () => Promise.resolve({ count: 3, release: cluster.release === undefined ? "2.5" : cluster.release }),
      close: () => Promise.resolve(),
    },
    needs: cluster.topologies ?? needs,
    run: defaultRunOptions,
    ...{ brokers: "kafka:9092", user: "weir" },
  });
  const found = findings.filter((finding) => finding.check === check && finding.subject === subject);
  return found.map(({ verdict, text, repair }) => [verdict, text, ...repair === undefined ? [] : [repair.statement]]);
}

const CONFIGS = "kafka-configs --bootstrap-server kafka:9092 --alter --entity-type topics --entity-name";
const ORDERS = "shop.public.orders";
const acl = "kafka-acls --bootstrap-server kafka:9092 --add --allow-principal User:weir --operation Read " +
  `--operation Describe --operation DescribeConfigs --topic ${ORDERS}`;

/** A cluster, and what is said of it: nothing at all where the last is empty. */
const CASES: readonly (readonly [Cluster, readonly [string, string], readonly (readonly string[])[]])[] = [
  [{}, ["kafka.version", "kafka:9092"], [["ok", "2.5 or later"]]],
  [{ release: "2.4" }, ["kafka.version", "kafka:9092"], [["ok", "2.4 or later"]]],
  [{ release: null }, ["kafka.version", "kafka:9092"], [[
    "wrong",
    "the brokers are older than Kafka 2.4: update them",
  ]]],
  [
    { release: "2.4", topologies: needsOf([joined, clicks], { generation: 1 }) },
    ["kafka.version", "kafka:9092"],
    [["wrong", "the brokers are older than Kafka 2.5, which streams need (clicks): update them"]],
  ],
  [{}, ["kafka.rights", ORDERS], [["ok", "Read, DescribeConfigs"]]],
  [{ orders: { operations: new Set(["Read"]) } }, ["kafka.rights", ORDERS], [
    ["wrong", '"weir" may not DescribeConfigs: no rule allows it', acl],
  ]],
  [{ orders: { operations: null } }, ["kafka.rights", ORDERS], [["not checked", "the brokers do not tell rights"]]],
  [{ orders: "refused" }, ["kafka.rights", ORDERS], [
    ["wrong", '"weir" may not Describe: TOPIC_AUTHORIZATION_FAILED', acl],
  ]],
  [{}, ["kafka.topic", ORDERS], [["ok", "2 partitions"]]],
  [{ orders: "missing" }, ["kafka.topic", ORDERS], [
    ["wrong", "it does not exist: Debezium creates it with its first record. Compare table.include.list"],
  ]],
  [{}, ["kafka.tombstones", ORDERS], [["ok", "kept for 7 days"]]],
  [{ orders: { config: { "delete.retention.ms": "600000" } } }, ["kafka.tombstones", ORDERS], [[
    "warning",
    "deletes are forgotten after 10 minutes: whoever was away for longer misses them, and starts without its snapshot",
    `${CONFIGS} ${ORDERS} --add-config delete.retention.ms=604800000`,
  ]]],
  [{}, ["kafka.replicas", ORDERS], [["ok", "3 in sync, min.insync.replicas 2"]]],
  [{ orders: { config: { "min.insync.replicas": "4" } } }, ["kafka.replicas", ORDERS], [[
    "wrong",
    "min.insync.replicas is 4, and it has 3: nobody can write to it with acks=all",
    `${CONFIGS} ${ORDERS} --add-config min.insync.replicas=2`,
  ]]],
  [{ orders: { inSync: 2 } }, ["kafka.replicas", ORDERS], [
    ["warning", "2 of 3 replicas are in sync: look at the brokers"],
  ]],
  [{}, ["kafka.inbox", inbox], [["ok", ""]]],
  [{ inbox: { compacted: true } }, ["kafka.inbox", inbox], [[
    "wrong",
    `Cannot use "${inbox}" as an inbox: it is compacted, which loses messages. Set cleanup.policy=delete and ` +
    "retention.ms=86400000 on it",
    `${CONFIGS} ${inbox} --add-config cleanup.policy=delete,retention.ms=86400000`,
  ]]],
  [{}, ["kafka.message_size", inbox], []],
  [{ inbox: { messageBytesMax: 1_000_000 } }, ["kafka.message_size", inbox], [[
    "warning",
    "it takes 1000000 bytes, less than WEIR_MESSAGE_BYTES_MAX=16777216: a start raises it",
    `${CONFIGS} ${inbox} --add-config max.message.bytes=16777216`,
  ]]],
  [{}, ["kafka.partitions", "joined"], [["ok", "its topics can be joined"]]],
];

Deno.test("checkKafka() says what is wrong with brokers and topics, and the statement that repairs it", async (t) => {
  for (const [cluster, place, expected] of CASES) {
    await t.step(
      `${place[0]} ${JSON.stringify(cluster, (key, value) => key === "topologies" ? "" : value)}`,
      async () => {
        assertEquals(await look(cluster, place), expected);
      },
    );
  }
});

Deno.test("checkKafka() names topics of other numbers of partitions that are joined by partition", async () => {
  const sink = clickhouse("all", { key: ["id"], columns: { id: "Int64", known: "Bool" } });
  const outer = topology("outer", (builder) =>
    builder.table(orders.pick("customer_id"))
      .outerJoin({ left: "order", right: "customer" }, builder.table(customers.pick("name")))
      .mapValues(({ order, customer }) => ({
        id: order?.id ?? customer?.id ?? 0,
        known: order !== null && customer !== null,
      }))
      .to(sink));
  const topologies = needsOf([outer], { generation: 1 });
  assertEquals(await look({ topologies }, ["kafka.partitions", "outer"]), [["ok", "its topics can be joined"]]);
  const [[verdict, text]] = await look({ topologies, customers: { partitions: 3 } }, ["kafka.partitions", "outer"]);
  assertEquals([verdict, /2 .*3|3 .*2/.test(text)], ["wrong", true], text);
});

Deno.test("releaseOf() tells Kafka 2.4 and 2.5 apart, and older ones from both", () => {
  const of = (produce: number, offsetFetch: number) =>
    releaseOf({ 0: { maxVersion: produce }, 9: { maxVersion: offsetFetch } });
  assertEquals([of(8, 7), of(11, 9), of(8, 6), of(7, 5), releaseOf({})], ["2.5", "2.5", "2.4", null, null]);
});
