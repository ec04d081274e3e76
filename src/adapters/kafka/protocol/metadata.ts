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

const API_KEY = 3;
const WITH_TOPIC_IDS = 10;
const WITHOUT_TOPIC_IDS = 7;
/** A topic that is being created is not there yet: it has no partitions and says that they have no leaders. */
const absent = new Set<number>([ErrorCode.none, ErrorCode.unknownTopicOrPartition, ErrorCode.leaderNotAvailable]);

/** Asks one broker about `topics`. No topic is created by asking. */
export function fetchMetadata(connection: BrokerConnection, topics: readonly string[]): Promise<ClusterMetadata> {
  const newest = connection.broker.versions?.[API_KEY]?.maxVersion ?? 0;
  const version = newest >= WITH_TOPIC_IDS ? WITH_TOPIC_IDS : WITHOUT_TOPIC_IDS;
  return connection.send(metadataRequest(topics, version));
}

function metadataRequest(topics: readonly string[], version: number): ProtocolRequest<ClusterMetadata> {
  const encode = version === WITH_TOPIC_IDS ? encodeFlexible : encodePlain;
  return {
    request: {
      apiKey: API_KEY,
      apiVersion: version,
      apiName: "Metadata",
      encode: () => Promise.resolve(encoded(encode(topics))),
    },
    response: {
      decode: (payload) => Promise.resolve(decode(payload, version)),
      parse: (metadata) => Promise.resolve(metadata),
    },
  };
}

function encodePlain(topics: readonly string[]): Uint8Array {
  const writer = new WireWriter();
  return writer.array(topics, (topic) => writer.string(topic)).int8(0).finish();
}

function encodeFlexible(topics: readonly string[]): Uint8Array {
  const writer = new WireWriter().uvarint(0); // the header's tagged fields, which kafkajs' header leaves to us
  writer.uvarint(topics.length + 1);
  for (const topic of topics) writer.raw(new Uint8Array(16)).compactString(topic).uvarint(0);
  return writer.int8(0).int8(0).int8(0).uvarint(0).finish();
}

function decode(payload: Uint8Array, version: number): ClusterMetadata {
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
  array(() => {
    const errorCode = reader.int16();
    const name = string()!;
    const id = flexible ? uuid(reader) : null;
    reader.int8(); // whether it is one of Kafka's own
    const leaders = readLeaders(reader, { array, tags });
    if (version >= 8) reader.int32(); // authorised operations
    tags();
    if (leaders.length > 0) topics.set(name, { name, id, leaders });
    else if (!absent.has(errorCode)) refused.set(name, errorCode);
  });
  return { brokers, controllerId, topics, refused };
}

interface Layout {
  array<T>(item: () => T): T[];
  tags(): void;
}

function readLeaders(reader: WireReader, { array, tags }: Layout): number[] {
  const leaders: number[] = [];
  array(() => {
    reader.int16(); // error: a partition without a leader says so by its leader
    const partition = reader.int32();
    leaders[partition] = reader.int32();
    reader.int32(); // leader epoch
    for (let list = 0; list < 3; list++) array(() => reader.int32()); // replicas, in sync, offline
    tags();
  });
  return leaders;
}

function uuid(reader: WireReader): string | null {
  const bytes = reader.bytes.subarray(reader.position, reader.position + 16);
  reader.skip(16);
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return /^0+$/.test(text) ? null : text;
}
