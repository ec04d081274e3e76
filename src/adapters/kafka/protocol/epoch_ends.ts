import type { ReadEpoch } from "../../../ports/log.ts";
import { encoded, type ProtocolRequest } from "./kafkajs_internals.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * OffsetForLeaderEpoch, version 3 (Kafka 2.3 and later, the first that asks for no more rights than reading does). By
 * hand: kafkajs does not have it. https://kafka.apache.org/protocol#The_Messages_OffsetForLeaderEpoch
 */

export interface EpochEnd {
  readonly errorCode: number;
  readonly partition: number;
  /** Behind the last record of that leader and those before it; -1 if the broker knows no such leader. */
  readonly endOffset: number;
}

const API_KEY = 23;
const VERSION = 3;

/** Where records of these leaders end. For the present leader of all these partitions. */
export function epochEndsRequest(topic: string, epochs: readonly ReadEpoch[]): ProtocolRequest<EpochEnd[]> {
  return {
    request: {
      apiKey: API_KEY,
      apiVersion: VERSION,
      apiName: "OffsetForLeaderEpoch",
      encode: () => Promise.resolve(encoded(encodeEpochs(topic, epochs))),
    },
    response: {
      decode: (payload) => Promise.resolve(decodeEpochEnds(payload)),
      parse: (ends) => Promise.resolve(ends),
    },
  };
}

export function encodeEpochs(topic: string, epochs: readonly ReadEpoch[]): Uint8Array {
  const writer = new WireWriter()
    .int32(-1) // not a replica
    .int32(1)
    .string(topic);
  writer.array(epochs, ({ partition, leaderEpoch }) =>
    writer.int32(partition)
      .int32(-1) // the present leader's epoch: not checked
      .int32(leaderEpoch));
  return writer.finish();
}

export function decodeEpochEnds(payload: Uint8Array): EpochEnd[] {
  const reader = new WireReader(payload);
  reader.int32(); // throttle time
  return reader.array(() => {
    reader.string(); // the topic asked for
    return reader.array(() => {
      const errorCode = reader.int16();
      const partition = reader.int32();
      reader.int32(); // the leader epoch that this is the end of: that asked for, or the last one before
      return { errorCode, partition, endOffset: reader.int64() };
    });
  }).flat();
}
