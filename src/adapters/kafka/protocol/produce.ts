import { encoded, type ProtocolRequest } from "./kafkajs_internals.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * Produce, version 8 (Kafka 2.4 and later). By hand so that a batch keeps its bytes from one attempt to the next, and
 * because kafkajs repeats the whole request when one partition of it fails.
 * https://kafka.apache.org/protocol#The_Messages_Produce
 */

export interface ProducePartition {
  readonly topic: string;
  readonly partition: number;
  /** One record batch. */
  readonly batch: Uint8Array;
}

export interface ProducedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Offset of the batch's first record; -1 with an error. */
  readonly baseOffset: number;
  /** The broker's explanation, if it gives one. */
  readonly message: string | null;
}

export const PRODUCE_KEY = 0;
/** Of Kafka 2.4, the oldest release that is spoken to. */
export const PRODUCE_VERSION = 8;
const ACKS_ALL = -1;

/** How a request is made. */
export interface ProduceOptions {
  readonly timeoutMs: number;
  /** Of the transaction that the batches are part of; null: of none. */
  readonly transactionalId: string | null;
}

/** Stores one batch in each of `partitions`, which differ. Each is answered for itself. */
export function produceRequest(
  partitions: readonly ProducePartition[],
  options: ProduceOptions,
): ProtocolRequest<ProducedPartition[]> {
  return {
    request: {
      apiKey: PRODUCE_KEY,
      apiVersion: PRODUCE_VERSION,
      apiName: "Produce",
      encode: () => Promise.resolve(encoded(encode(partitions, options))),
    },
    response: {
      decode: (payload) => Promise.resolve(decode(payload)),
      parse: (produced) => Promise.resolve(produced),
    },
  };
}

function encode(
  partitions: readonly ProducePartition[],
  { timeoutMs, transactionalId }: ProduceOptions,
): Uint8Array {
  const writer = new WireWriter().string(transactionalId).int16(ACKS_ALL).int32(timeoutMs);
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  return writer.array([...byTopic], ([topic, parts]) => {
    writer.string(topic).array(parts, ({ partition, batch }) => {
      writer.int32(partition).int32(batch.length).raw(batch);
    });
  }).finish();
}

function decode(payload: Uint8Array): ProducedPartition[] {
  const reader = new WireReader(payload);
  return reader.array(() => {
    const topic = reader.string()!;
    return reader.array(() => {
      const partition = reader.int32();
      const errorCode = reader.int16();
      const baseOffset = reader.int64();
      reader.int64(); // append time
      reader.int64(); // log start
      const messages = reader.array(() => {
        reader.int32(); // index of the record
        return reader.string();
      });
      const message = reader.string() ?? messages.find((text) => text !== null) ?? null;
      return { topic, partition, errorCode, baseOffset, message };
    });
  }).flat();
}
