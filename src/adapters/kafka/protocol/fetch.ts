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

export interface FetchOptions {
  readonly waitMs: number;
  readonly bytesMax: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Where readers of committed records find the end: before the first transaction that is still open. */
  readonly endOffset: number;
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
): ProtocolRequest<FetchedPartition[]> {
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

function encode(partitions: readonly FetchPartition[], { waitMs, bytesMax }: FetchOptions): Uint8Array {
  const writer = new WireWriter()
    .int32(-1) // not a replica
    .int32(waitMs)
    .int32(1) // answer as soon as there is anything
    .int32(bytesMax)
    .int8(READ_COMMITTED)
    .int32(0) // no fetch session: each request stands alone
    .int32(-1);
  writer.array(partitions, ({ topic, partition, offset, bytesMax }) =>
    writer.string(topic)
      .int32(1)
      .int32(partition)
      .int32(-1) // leader epoch: not checked
      .int64(offset)
      .int64(-1) // log start: only replicas tell it
      .int32(bytesMax));
  return writer.int32(0).string("").finish();
}

function decode(payload: Uint8Array): FetchedPartition[] {
  const reader = new WireReader(payload);
  reader.int32(); // throttle time
  reader.int16(); // error and id of the fetch session, which is not used
  reader.int32();
  return reader.array(() => {
    const topic = reader.string()!;
    return reader.array(() => decodePartition(reader, topic));
  }).flat();
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
    aborted: aborted.sort((a, b) => a.firstOffset - b.firstOffset),
    batches,
  };
}
