import { type BrokerChannel, openCluster } from "./cluster.ts";
import { errorName } from "./protocol/errors.ts";
import { fetchMetadata } from "./protocol/metadata.ts";
import { type KafkaOptions, kafkaSettings } from "./protocol/options.ts";
import { PRODUCE_KEY, PRODUCE_VERSION } from "./protocol/produce.ts";
import { OFFSET_FETCH_KEY, STABLE_OFFSETS_VERSION } from "./protocol/stable_offsets.ts";

/** A topic as its administrator sees it. */
export interface InspectedTopic {
  readonly name: string;
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replicas: number;
  readonly inSync: number;
  /** What this client may do, by Kafka's names; null if the brokers do not tell. */
  readonly operations: ReadonlySet<string> | null;
  /** Settings in force, whoever has set them. */
  readonly config: ReadonlyMap<string, string>;
}

/** What was found of topics. */
export interface InspectedTopics {
  readonly topics: ReadonlyMap<string, InspectedTopic>;
  /** Topics that this client may not see, with the broker's reason. */
  readonly refused: ReadonlyMap<string, string>;
}

/** The oldest that is spoken to, and that which keeps the progress of streams, or a later one. */
export type KafkaRelease = "2.4" | "2.5";

/** Looks into a cluster without changing or reading anything of it. */
export interface KafkaInspector {
  /** Names of all topics that this client may see, without Kafka's own, sorted. */
  topicNames(): Promise<string[]>;
  topics(names: readonly string[]): Promise<InspectedTopics>;
  /** How many brokers there are, and which release one of them is, as far as it matters; null: an older one. */
  brokers(): Promise<{ readonly count: number; readonly release: KafkaRelease | null }>;
  close(): Promise<void>;
}

const TOPIC_RESOURCE = 2;
const CONFIG_NAMES = [
  "cleanup.policy",
  "retention.ms",
  "retention.bytes",
  "delete.retention.ms",
  "min.insync.replicas",
];
/** By code. https://kafka.apache.org/documentation/#operations_resources_and_protocols */
const OPERATIONS: Readonly<Record<number, string>> = {
  3: "Read",
  4: "Write",
  5: "Create",
  6: "Delete",
  7: "Alter",
  8: "Describe",
  10: "DescribeConfigs",
  11: "AlterConfigs",
};

/** Connects at the first question. @throws ConfigError with every problem of the options */
export function inspectKafka(options: KafkaOptions): KafkaInspector {
  const cluster = openCluster(kafkaSettings(options));
  const channel = cluster.openChannel();
  return {
    topicNames: () =>
      cluster.persistently(async () => {
        const { topics, details } = await channel.callAny((connection) => fetchMetadata(connection, null));
        return [...topics.keys()].filter((name) => !details.get(name)!.internal).sort();
      }),
    topics: (names) => cluster.persistently(() => inspectTopics(channel, names)),
    brokers: () =>
      cluster.persistently(async () => {
        const { brokers } = await cluster.refresh([]);
        const release = await channel.callAny(({ broker }) => Promise.resolve(releaseOf(broker.versions ?? {})));
        return { count: brokers.size, release };
      }),
    async close() {
      await channel.close();
      await cluster.close();
    },
  };
}

/** Of the requests that a broker knows, by key. Releases from 2.5 on are not told apart further. */
export function releaseOf(versions: Readonly<Record<number, { readonly maxVersion: number }>>): KafkaRelease | null {
  const speaks = (key: number, version: number) => (versions[key]?.maxVersion ?? -1) >= version;
  if (!speaks(PRODUCE_KEY, PRODUCE_VERSION)) return null;
  return speaks(OFFSET_FETCH_KEY, STABLE_OFFSETS_VERSION) ? "2.5" : "2.4";
}

async function inspectTopics(
  channel: BrokerChannel,
  names: readonly string[],
): Promise<InspectedTopics> {
  const metadata = await channel.callAny((connection) => fetchMetadata(connection, names, { operations: true }));
  const refused = new Map([...metadata.refused].map(([name, code]) => [name, errorName(code)]));
  const found = [...metadata.topics.keys()];
  if (found.length === 0) return { topics: new Map(), refused };
  const configs = new Map<string, ReadonlyMap<string, string>>();
  const { resources } = await channel.callAny(({ broker }) =>
    broker.describeConfigs({
      resources: found.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: CONFIG_NAMES })),
      includeSynonyms: false,
    })
  );
  for (const { resourceName, configEntries } of resources) {
    configs.set(resourceName, new Map(configEntries.map((entry) => [entry.configName, entry.configValue])));
  }
  const topics = new Map(found.map((name) => {
    const { replicas, inSync, operations } = metadata.details.get(name)!;
    const config = configs.get(name) ?? new Map();
    const partitions = metadata.topics.get(name)!.leaders.length;
    return [name, { name, partitions, replicas, inSync, operations: operationsOf(operations), config }] as const;
  }));
  return { topics, refused };
}

/** Brokers that are not asked, or have nothing to say, answer with the smallest integer. */
function operationsOf(bits: number | null): ReadonlySet<string> | null {
  if (bits === null || bits === -2_147_483_648) return null;
  return new Set(
    Object.entries(OPERATIONS).filter(([code]) => (bits & (1 << Number(code))) !== 0).map(([, name]) => name),
  );
}
