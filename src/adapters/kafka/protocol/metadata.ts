import { type BrokerConnection, encoded, type ProtocolRequest } from "./kafkajs_internals.ts";
import { ErrorCode } from "./errors.ts";
import type { BrokerAddress } from "./options.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * Metadata requests. By hand: kafkajs' version knows no topic ids, and throws away the whole answer when one of the
 * topics asked for does not exist or has no leader at the moment.
 * https://kafka.apache.org/protocol#The_Messages_Metadata
 */

export interface TopicMetadata {
  readonly name: string;
  /** Changes when the topic is created again; `null` from brokers older than Kafka 2.8. */
  readonly id: string | null;
  /** Node that leads each partition, by partition; -1 while there is none. */
  readonly leaders: readonly number[];
}

/** What only whoever looks into the cluster wants to know of a topic. */
export interface TopicDetails {
  /** Replicas of the partition that has the fewest; those of them that are in sync. */
  readonly replicas: number;
  readonly inSync: number;
  /** Kafka's own, such as the offsets of groups. */
  readonly internal: boolean;
  /** Bits of the operations that this client may do (2 ** code); null from brokers older than Kafka 2.3. */
  readonly operations: number | null;
}

export interface ClusterMetadata {
  readonly brokers: ReadonlyMap<number, BrokerAddress>;
  readonly controllerId: number;
  /** Those of the topics asked for that exist. */
  readonly topics: ReadonlyMap<string, TopicMetadata>;
  /**
   * Topics that exist and may not be described by this client, or have a name that Kafka forbids; with the error code.
   */
  readonly refused: ReadonlyMap<string, number>;
}

export interface DetailedMetadata extends ClusterMetadata {
  readonly details: ReadonlyMap<string, TopicDetails>;
}

const API_KEY = 3;
const WITH_TOPIC_IDS = 10;
const WITHOUT_TOPIC_IDS = 7;
/** A topic that is being created is not there yet: it has no partitions and says that they have no leaders. */
const absent = new Set<number>([ErrorCode.none, ErrorCode.unknownTopicOrPartition, ErrorCode.leaderNotAvailable]);

/** `operations`: brokers with an authorizer look up what this client may do with each topic. */
interface MetadataOptions {
  readonly operations?: boolean;
}

/** Asks one broker about `topics`; null: about all that this client may see. No topic is created by asking. */
export function fetchMetadata(
  connection: BrokerConnection,
  topics: readonly string[] | null,
  { operations = false }: MetadataOptions = {},
): Promise<DetailedMetadata> {
  const newest = connection.broker.versions?.[API_KEY]?.maxVersion ?? 0;
  const version = newest >= WITH_TOPIC_IDS ? WITH_TOPIC_IDS : WITHOUT_TOPIC_IDS;
  return connection.send(metadataRequest(topics, { version, operations }));
}

function metadataRequest(
  topics: readonly string[] | null,
  { version, operations }: { readonly version: number; readonly operations: boolean },
): ProtocolRequest<DetailedMetadata> {
  return {
    request: {
      apiKey: API_KEY,
      apiVersion: version,
      apiName: "Metadata",
      encode: () =>
        Promise.resolve(
          encoded(version === WITH_TOPIC_IDS ? encodeFlexible(topics, { operations }) : encodePlain(topics)),
        ),
    },
    response: {
      decode: (payload) => Promise.resolve(decode(payload, version)),
      parse: (metadata) => Promise.resolve(metadata),
    },
  };
}

function encodePlain(topics: readonly string[] | null): Uint8Array {
  const writer = new WireWriter();
  if (topics === null) return writer.int32(-1).int8(0).finish();
  return writer.array(topics, (topic) => writer.string(topic)).int8(0).finish();
}

function encodeFlexible(topics: readonly string[] | null, { operations }: MetadataOptions): Uint8Array {
  const writer = new WireWriter().uvarint(0); // the header's tagged fields, which kafkajs' header leaves to us
  writer.uvarint(topics === null ? 0 : topics.length + 1);
  for (const topic of topics ?? []) writer.raw(new Uint8Array(16)).compactString(topic).uvarint(0);
  // Not created by asking; no operations on the cluster.
  return writer.int8(0).int8(0).int8(operations ? 1 : 0).uvarint(0).finish();
}

function decode(payload: Uint8Array, version: number): DetailedMetadata {
  const flexible = version === WITH_TOPIC_IDS;
  const reader = new WireReader(payload);
  const array = <T>(item: () => T) => flexible ? reader.compactArray(item) : reader.array(item);
  const string = () => flexible ? reader.compactString() : reader.string();
  const tags = () => {
    if (flexible) reader.tags();
  };
  tags();
  reader.int32(); // throttle time
  const brokers = new Map(array(() => {
    const nodeId = reader.int32();
    const address = { host: string()!, port: reader.int32() };
    string(); // rack
    tags();
    return [nodeId, address] as const;
  }));
  string(); // cluster id
  const controllerId = reader.int32();
  const topics = new Map<string, TopicMetadata>();
  const refused = new Map<string, number>();
  const details = new Map<string, TopicDetails>();
  array(() => {
    const errorCode = reader.int16();
    const name = string()!;
    const id = flexible ? uuid(reader) : null;
    const internal = reader.int8() !== 0;
    const { leaders, replicas, inSync } = readPartitions(reader, { array, tags });
    const operations = version >= 8 ? reader.int32() : null;
    tags();
    details.set(name, { replicas, inSync, internal, operations });
    if (leaders.length > 0) topics.set(name, { name, id, leaders });
    else if (!absent.has(errorCode)) refused.set(name, errorCode);
  });
  return { brokers, controllerId, topics, refused, details };
}

interface Layout {
  array<T>(item: () => T): T[];
  tags(): void;
}

interface Partitions {
  readonly leaders: number[];
  readonly replicas: number;
  readonly inSync: number;
}

function readPartitions(reader: WireReader, { array, tags }: Layout): Partitions {
  const leaders: number[] = [];
  const counts = array(() => {
    reader.int16(); // error: a partition without a leader says so by its leader
    const partition = reader.int32();
    leaders[partition] = reader.int32();
    reader.int32(); // leader epoch
    const [replicas, inSync] = [0, 1, 2].map(() => array(() => reader.int32()).length); // and those offline
    tags();
    return { replicas, inSync };
  });
  const least = (values: readonly number[]) => values.length === 0 ? 0 : Math.min(...values);
  return {
    leaders,
    replicas: least(counts.map(({ replicas }) => replicas)),
    inSync: least(counts.map(({ inSync }) => inSync)),
  };
}

function uuid(reader: WireReader): string | null {
  const bytes = reader.bytes.subarray(reader.position, reader.position + 16);
  reader.skip(16);
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return /^0+$/.test(text) ? null : text;
}
