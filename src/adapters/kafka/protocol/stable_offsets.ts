import { encoded, protocolError, type ProtocolRequest } from "./kafkajs_internals.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * OffsetFetch, version 7 (Kafka 2.5 and later, KIP-447): the first that can ask for stable offsets. A broker takes a
 * commit, lets the group go on to its next generation, and shows the commit only when it is replicated; before that it
 * refuses a partition asked for here instead of giving the offset before. By hand: kafkajs ends at version 4.
 * https://kafka.apache.org/protocol#The_Messages_OffsetFetch
 */

/** What a group has committed of a partition. */
export interface StableOffset {
  readonly topic: string;
  readonly partition: number;
  /** -1 when nothing was committed. */
  readonly offset: number;
  readonly metadata: string;
}

interface StableOffsets {
  readonly errorCodes: readonly number[];
  readonly offsets: readonly StableOffset[];
}

export const OFFSET_FETCH_KEY = 9;
export const STABLE_OFFSETS_VERSION = 7;

/** For the group's coordinator. Rejects when it refuses one of the partitions. */
export function stableOffsetsRequest(
  group: string,
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): ProtocolRequest<StableOffsets> {
  return {
    request: {
      apiKey: OFFSET_FETCH_KEY,
      apiVersion: STABLE_OFFSETS_VERSION,
      apiName: "OffsetFetch",
      encode: () => Promise.resolve(encoded(encodeStableOffsets(group, topics))),
    },
    response: {
      decode: (payload) => Promise.resolve(decodeStableOffsets(payload)),
      parse: (answer) => {
        const code = answer.errorCodes.find((errorCode) => errorCode !== 0);
        return code === undefined ? Promise.resolve(answer) : Promise.reject(protocolError(code));
      },
    },
  };
}

export function encodeStableOffsets(
  group: string,
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): Uint8Array {
  const writer = new WireWriter().uvarint(0); // the header's tagged fields, which kafkajs' header leaves to us
  writer.compactString(group).uvarint(topics.length + 1);
  for (const { topic, partitions } of topics) {
    writer.compactString(topic).uvarint(partitions.length + 1);
    for (const partition of partitions) writer.int32(partition);
    writer.uvarint(0);
  }
  return writer.int8(1).uvarint(0).finish();
}

export function decodeStableOffsets(payload: Uint8Array): StableOffsets {
  const reader = new WireReader(payload);
  reader.tags();
  reader.int32(); // throttle time
  const errorCodes: number[] = [];
  const offsets = reader.compactArray(() => {
    const topic = reader.compactString()!;
    const partitions = reader.compactArray(() => {
      const partition = reader.int32();
      const offset = reader.int64();
      reader.int32(); // leader epoch of the record committed
      const metadata = reader.compactString() ?? "";
      errorCodes.push(reader.int16());
      reader.tags();
      return { topic, partition, offset, metadata };
    });
    reader.tags();
    return partitions;
  }).flat();
  errorCodes.push(reader.int16());
  return { errorCodes, offsets };
}
