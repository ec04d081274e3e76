import { encoded, type ProtocolRequest } from "./kafkajs_internals.ts";
import type { AbortedTransaction } from "./decoder.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * Fetch, version 11 (Kafka 2.3 and later). By hand so that the record batches stay bytes: see
 * `decoder.ts`. https://kafka.apache.org/protocol#The_Messages_Fetch
 */

export interface FetchPartition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly bytesMax: number;
}

/**
 * What the broker remembers of earlier requests (KIP-227), so that a request names what has changed and an answer what
 * is new. Id 0 with epoch 0 asks for a session, an id with epoch 0 for another one in its place.
 */
export interface SessionStep {
  readonly id: number;
  readonly epoch: number;
}

/** A request that stands alone: it names all partitions, and so does its answer. */
export const NO_SESSION: SessionStep = { id: 0, epoch: -1 };

export interface FetchOptions {
  readonly waitMs: number;
  readonly bytesMax: number;
  readonly session: SessionStep;
  /** Partitions that the session is to ask for no more. */
  readonly forgotten: readonly Pick<FetchPartition, "topic" | "partition">[];
}

export interface FetchAnswer {
  /** Of the session; 0 if it is as it should be. */
  readonly errorCode: number;
  /** 0 if the broker keeps none. */
  readonly sessionId: number;
  /** In a session that goes on: those with records, with an error, or with another end than told before. */
  readonly partitions: readonly FetchedPartition[];
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Where readers of committed records find the end: before the first transaction that is still open. */
  readonly endOffset: number;
  /** So many offsets are there behind that. */
  readonly heldBack: number;
  readonly aborted: readonly AbortedTransaction[];
  /** A view of the response, or a copy of its part in it. */
  readonly batches: Uint8Array;
}

const API_KEY = 1;
const VERSION = 11;
const READ_COMMITTED = 1;

/** Reads `partitions` in the order given: when the sizes do not allow all, the first ones are served. */
export function fetchRequest(
  partitions: readonly FetchPartition[],
  options: FetchOptions,
): ProtocolRequest<FetchAnswer> {
  return {
    request: {
      apiKey: API_KEY,
      apiVersion: VERSION,
      apiName: "Fetch",
      encode: () => Promise.resolve(encoded(encode(partitions, options))),
    },
    response: {
      decode: (payload) => Promise.resolve(decode(payload)),
      parse: (fetched) => Promise.resolve(fetched),
    },
    requestTimeout: options.waitMs + 30_000,
  };
}

function encode(partitions: readonly FetchPartition[], options: FetchOptions): Uint8Array {
  const { waitMs, bytesMax, session, forgotten } = options;
  const writer = new WireWriter()
    .int32(-1) // not a replica
    .int32(waitMs)
    .int32(1) // answer as soon as there is anything
    .int32(bytesMax)
    .int8(READ_COMMITTED)
    .int32(session.id)
    .int32(session.epoch);
  writer.array(partitions, ({ topic, partition, offset, bytesMax }) =>
    writer.string(topic)
      .int32(1)
      .int32(partition)
      .int32(-1) // leader epoch: not checked
      .int64(offset)
      .int64(-1) // log start: only replicas tell it
      .int32(bytesMax));
  writer.array(forgotten, ({ topic, partition }) => writer.string(topic).int32(1).int32(partition));
  return writer.string("").finish();
}

function decode(payload: Uint8Array): FetchAnswer {
  const reader = new WireReader(payload);
  reader.int32(); // throttle time
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const partitions = reader.array(() => {
    const topic = reader.string()!;
    return reader.array(() => decodePartition(reader, topic));
  }).flat();
  return { errorCode, sessionId, partitions };
}

function decodePartition(reader: WireReader, topic: string): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  reader.int64(); // log start
  const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
  reader.int32(); // preferred read replica
  const length = Math.max(0, reader.int32());
  const view = reader.bytes.subarray(reader.position, reader.position + length);
  // A small part must not keep the whole response in memory for as long as its partition is paused.
  const batches = 2 * length < reader.bytes.length ? new Uint8Array(view) : view;
  reader.skip(length);
  return {
    topic,
    partition,
    errorCode,
    endOffset: lastStableOffset >= 0 ? lastStableOffset : highWatermark,
    heldBack: lastStableOffset >= 0 ? highWatermark - lastStableOffset : 0,
    aborted: aborted.sort((a, b) => a.firstOffset - b.firstOffset),
    batches,
  };
}
