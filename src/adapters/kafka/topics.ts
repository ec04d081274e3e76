import type { NewTopic, PartitionOffsets, TopicChanges, TopicDescription } from "../../ports/log.ts";
import { ProductionError } from "../../record/errors.ts";
import type { BrokerChannel, Cluster } from "./cluster.ts";
import { alterConfigsRequest } from "./protocol/alter_configs.ts";
import { ErrorCode, errorName, isRetriableCode, type KafkaJsError } from "./protocol/errors.ts";
import type { TopicMetadata } from "./protocol/metadata.ts";

const TOPIC_RESOURCE = 2;
const EARLIEST = -2;
const LATEST = -1;
const READ_COMMITTED = 1;
/** Of topics with a limit of their own: what is too old goes by whole segments. */
const SEGMENT_BYTES = 268_435_456;

/** Describes those of `names` that exist. */
export function describeTopics(
  { cluster, channel }: { cluster: Cluster; channel: BrokerChannel },
  names: readonly string[],
): Promise<Map<string, TopicDescription>> {
  return cluster.persistently(async () => {
    const { topics, refused } = await cluster.refresh(names);
    for (const [name, code] of refused) {
      throw new ProductionError(
        `Cannot describe "${name}" as a Kafka topic: the broker answers ${errorName(code)}`,
        { retriable: false },
      );
    }
    if (topics.size === 0) return new Map();
    const { resources } = await channel.callAny(({ broker }) =>
      broker.describeConfigs({
        resources: [...topics.keys()].map((name) => ({ type: TOPIC_RESOURCE, name, configNames })),
        includeSynonyms: false,
      })
    );
    return new Map(resources.map(({ resourceName, configEntries }) => {
      const config = new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]));
      return [resourceName, describe(topics.get(resourceName)!, config)];
    }));
  });
}

const configNames = ["cleanup.policy", "retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes"];

function describe({ name, id, leaders }: TopicMetadata, config: ReadonlyMap<string, string>): TopicDescription {
  const policies = (config.get("cleanup.policy") ?? "delete").split(",").map((policy) => policy.trim());
  const retentionMs = Number(config.get("retention.ms") ?? -1);
  const limitedBySize = Number(config.get("retention.bytes") ?? -1) >= 0;
  return {
    name,
    partitions: leaders.length,
    id,
    compacted: policies.includes("compact"),
    deletes: policies.includes("delete"),
    // A limit of size can be reached at any age, whatever the retention time.
    retentionMs: limitedBySize ? 0 : retentionMs,
    deleteRetentionMs: Number(config.get("delete.retention.ms") ?? 86_400_000),
    messageBytesMax: Number(config.get("max.message.bytes") ?? 1_048_588),
  };
}

/**
 * Creates the topic unless one of that name exists, and resolves when every partition has a leader. Nothing that
 * matters is left to the broker's defaults.
 */
export async function createTopic(
  { cluster, channel }: { cluster: Cluster; channel: BrokerChannel },
  topic: NewTopic,
): Promise<void> {
  const { name, partitions } = topic;
  await createTopicWith({ cluster, channel }, { name, partitions, config: configOf(topic) });
}

/** The settings of a topic as Kafka names them. */
export function configOf(
  { cleanup, retentionMs, messageBytesMax, deleteRetentionMs }: NewTopic,
): Readonly<Record<string, string>> {
  return {
    "cleanup.policy": cleanup,
    ...(cleanup === "delete" && keepingConfig(retentionMs)),
    ...(messageBytesMax !== undefined && sizeConfig(messageBytesMax)),
    ...(deleteRetentionMs !== undefined && { "delete.retention.ms": String(deleteRetentionMs) }),
  };
}

/** As `Log.alterTopic`. */
export async function alterTopic(
  { cluster, channel }: { cluster: Cluster; channel: BrokerChannel },
  { name, retentionMs, messageBytesMax }: TopicChanges & { readonly name: string },
): Promise<void> {
  const config = { ...keepingConfig(retentionMs), ...sizeConfig(messageBytesMax) };
  await cluster.persistently(async () => {
    const { controllerId, topics } = await cluster.refresh([name]);
    if (!topics.has(name)) throw unknownTopic(name, { retriable: cluster.seen(name) });
    const request = alterConfigsRequest(name, config);
    const { errorCode, message } = await channel.call(controllerId, (connection) => connection.send(request));
    if (errorCode === ErrorCode.none) return cluster.limits.changed(name);
    throw new ProductionError(
      `Cannot change "${name}" as a Kafka topic: the broker answers ${errorName(errorCode)}${
        message === null ? "" : `: ${message}`
      }`,
      { retriable: isRetriableCode(errorCode) },
    );
  });
}

/** By time alone. A size, which brokers can have as a default, would delete records before they are read. */
function keepingConfig(retentionMs: number): Record<string, string> {
  return { "retention.ms": String(retentionMs), "retention.bytes": "-1" };
}

/** A segment must hold the largest record. As the producer compressed it: the broker need not do it again. */
function sizeConfig(messageBytesMax: number): Record<string, string> {
  return {
    "max.message.bytes": String(messageBytesMax),
    "segment.bytes": String(Math.max(SEGMENT_BYTES, messageBytesMax)),
    "compression.type": "producer",
  };
}

/** As `createTopic`, with any settings. */
export async function createTopicWith(
  { cluster, channel }: { cluster: Cluster; channel: BrokerChannel },
  { name, partitions, config }: { name: string; partitions: number; config: Readonly<Record<string, string>> },
): Promise<void> {
  const { replicationFactor } = cluster.settings;
  const replicas = replicationFactor === undefined || replicationFactor === 1
    ? {}
    // A majority must have a record before it is acknowledged: then it survives the loss of a broker.
    : { "min.insync.replicas": String(Math.floor(replicationFactor / 2) + 1) };
  const topic = {
    topic: name,
    numPartitions: partitions,
    replicationFactor: replicationFactor ?? -1,
    configEntries: Object.entries({ ...replicas, ...config }).map(([entry, value]) => ({ name: entry, value })),
  };
  let asked = false;
  await cluster.persistently(async () => {
    const { controllerId, topics } = await cluster.refresh([name]);
    const leaders = topics.get(name)?.leaders;
    if (leaders !== undefined && (!asked || leaders.every((leader) => leader >= 0))) return;
    asked = true;
    // Again at every turn while it is not there: "already exists" is also said of a topic whose deletion is under way.
    if (leaders === undefined) await requestTopic({ channel, controllerId }, topic);
    throw new ProductionError(`Cannot use "${name}" as a new Kafka topic yet: its partitions have no leaders`, {
      retriable: true,
    });
  });
}

interface TopicRequest {
  readonly topic: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly configEntries: { name: string; value: string }[];
}

async function requestTopic(
  { channel, controllerId }: { channel: BrokerChannel; controllerId: number },
  topic: TopicRequest,
): Promise<void> {
  try {
    await channel.call(controllerId, ({ broker }) => broker.createTopics({ topics: [topic], timeout: 10_000 }));
  } catch (error) {
    const cause = (error as KafkaJsError).errors?.[0] ?? error as KafkaJsError;
    if (cause.type !== "TOPIC_ALREADY_EXISTS") throw creationError(cause, topic);
  }
}

function creationError(
  cause: KafkaJsError,
  { topic, numPartitions, replicationFactor }: TopicRequest,
): Error {
  if (cause.type === undefined || cause.type === "NOT_CONTROLLER") return cause;
  const replicas = replicationFactor === -1 ? "the broker's default number of" : replicationFactor;
  const message =
    `Cannot create "${topic}" as a Kafka topic of ${numPartitions} partitions and ${replicas} replicas: ` +
    `${cause.message}`;
  return new ProductionError(message, { retriable: cause.retriable === true, cause });
}

/**
 * Start and end of every partition; the end is that of committed records. @throws ProductionError for an unknown topic
 */
export function partitionOffsets(
  { cluster, channel }: { cluster: Cluster; channel: BrokerChannel },
  topic: string,
): Promise<PartitionOffsets> {
  return cluster.persistently(async () => {
    const { topics } = await cluster.refresh([topic]);
    const leaders = topics.get(topic)?.leaders;
    if (leaders === undefined) throw unknownTopic(topic, { retriable: cluster.seen(topic) });
    const partitions = leaders.map((_, partition) => partition);
    return {
      start: await listOffsets({ cluster, channel }, { topic, partitions, timestamp: EARLIEST }),
      end: await listOffsets({ cluster, channel }, { topic, partitions, timestamp: LATEST }),
    };
  });
}

/** Start and end of one partition, by the metadata that are known. */
export async function rangeOf(
  { cluster, channel }: { cluster: Cluster; channel: BrokerChannel },
  { topic, partition }: { topic: string; partition: number },
): Promise<{ startOffset: number; endOffset: number }> {
  const partitions = [partition];
  const [startOffset] = await listOffsets({ cluster, channel }, { topic, partitions, timestamp: EARLIEST });
  const [endOffset] = await listOffsets({ cluster, channel }, { topic, partitions, timestamp: LATEST });
  return { startOffset, endOffset };
}

/** New topics take a moment to be known. */
const UNKNOWN_TOPIC_MS = 3_000;

/**
 * Whether a topic that has been missing from the metadata for so long may still appear; one that was ever seen is
 * waited for.
 */
export function mayAppear(cluster: Cluster, { topic, missingMs }: { topic: string; missingMs: number }): boolean {
  return cluster.seen(topic) || missingMs <= UNKNOWN_TOPIC_MS;
}

export function unknownTopic(topic: string, { retriable } = { retriable: false }): ProductionError {
  return new ProductionError(
    `Cannot use "${topic}" as a Kafka topic: no topic of that name exists; create it, or correct the name`,
    { retriable },
  );
}

async function listOffsets(
  { cluster, channel }: { cluster: Cluster; channel: BrokerChannel },
  { topic, partitions, timestamp }: { topic: string; partitions: readonly number[]; timestamp: number },
): Promise<number[]> {
  const leaders = cluster.known(topic)?.leaders ?? [];
  const offsets = new Map<number, number>();
  const byLeader = Map.groupBy(partitions, (partition) => leaders[partition] ?? -1);
  await Promise.all([...byLeader].map(async ([leader, led]) => {
    const topics = [{ topic, partitions: led.map((partition) => ({ partition, timestamp })) }];
    const { responses } = await channel.call(
      leader,
      ({ broker }) => broker.listOffsets({ isolationLevel: READ_COMMITTED, topics }),
    );
    for (const { partition, offset } of responses[0].partitions) offsets.set(partition, Number(offset));
  }));
  return partitions.map((partition) => offsets.get(partition)!);
}
