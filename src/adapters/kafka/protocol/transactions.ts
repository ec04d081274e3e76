import { encoded, type ProtocolRequest } from "./kafkajs_internals.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * The requests of a transaction. By hand: kafkajs 2.2.4 ends at version 1 of TxnOffsetCommit, in which a commit names
 * no generation of the group, so that one of a member that has lost its partition would be taken (KIP-447: version 3,
 * Kafka 2.5); and of AddPartitionsToTxn it tells the first code alone, which is seldom the reason.
 * https://kafka.apache.org/protocol#The_Messages_TxnOffsetCommit
 */

/** Who writes transactions: a later epoch of the same id ends what an earlier one has left open, and fences it. */
export interface TransactionalWriter {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly epoch: number;
}

/** A partition's position with its metadata, as a member of a generation commits it. */
export interface TransactionalOffset {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

interface Answer {
  readonly errorCode: number;
}

export const TXN_OFFSET_COMMIT_KEY = 28;
export const TXN_OFFSET_COMMIT_VERSION = 3;

/** For the coordinator of the id. Ends what was left open under it. */
export function initProducerIdRequest(
  transactionalId: string,
  timeoutMs: number,
): ProtocolRequest<Answer & Omit<TransactionalWriter, "transactionalId">> {
  return plain({
    api: { apiKey: 22, apiVersion: 1, apiName: "InitProducerId" },
    write: (writer) => writer.string(transactionalId).int32(timeoutMs),
    read: (reader) => ({ errorCode: reader.int16(), producerId: reader.int64(), epoch: reader.int16() }),
  });
}

/** For the coordinator of the id, before anything is written to these partitions. */
export function addPartitionsRequest(
  writer: TransactionalWriter,
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): ProtocolRequest<{ readonly errorCodes: readonly number[] }> {
  return plain({
    api: { apiKey: 24, apiVersion: 1, apiName: "AddPartitionsToTxn" },
    write: (wire) =>
      identified(wire, writer).array(topics, ({ topic, partitions }) => {
        wire.string(topic).array(partitions, (partition) => wire.int32(partition));
      }),
    read: (reader) => ({
      errorCodes: reader.array(() => {
        reader.string();
        return reader.array(() => {
          reader.int32();
          return reader.int16();
        });
      }).flat(),
    }),
  });
}

/** For the coordinator of the id, before a position of the group is committed. */
export function addOffsetsRequest(writer: TransactionalWriter, group: string): ProtocolRequest<Answer> {
  return plain({
    api: { apiKey: 25, apiVersion: 1, apiName: "AddOffsetsToTxn" },
    write: (wire) => identified(wire, writer).string(group),
    read: (reader) => ({ errorCode: reader.int16() }),
  });
}

/** For the coordinator of the id: commits. A transaction that is not to be is ended by the next epoch. */
export function commitRequest(writer: TransactionalWriter): ProtocolRequest<Answer> {
  return plain({
    api: { apiKey: 26, apiVersion: 1, apiName: "EndTxn" },
    write: (wire) => identified(wire, writer).int8(1),
    read: (reader) => ({ errorCode: reader.int16() }),
  });
}

/** For the group's coordinator. */
export function offsetCommitRequest(
  { transactionalId, producerId, epoch }: TransactionalWriter,
  { group, memberId, generation, topic, partition, offset, metadata }: TransactionalOffset,
): ProtocolRequest<Answer> {
  return request({
    api: { apiKey: TXN_OFFSET_COMMIT_KEY, apiVersion: TXN_OFFSET_COMMIT_VERSION, apiName: "TxnOffsetCommit" },
    write: (wire) =>
      wire.uvarint(0) // the header's tagged fields, which kafkajs' header leaves to us
        .compactString(transactionalId).compactString(group).int64(producerId).int16(epoch)
        .int32(generation).compactString(memberId).uvarint(0) // no instance id
        .uvarint(2).compactString(topic)
        .uvarint(2).int32(partition).int64(offset).int32(-1).compactString(metadata).uvarint(0)
        .uvarint(0).uvarint(0),
    read: (reader) => {
      reader.tags();
      reader.int32(); // throttle time
      const codes = reader.compactArray(() => {
        reader.compactString();
        const those = reader.compactArray(() => {
          reader.int32();
          const code = reader.int16();
          reader.tags();
          return code;
        });
        reader.tags();
        return those;
      }).flat();
      return { errorCode: codes.find((code) => code !== 0) ?? 0 };
    },
  });
}

interface Parts<T> {
  readonly api: Pick<ProtocolRequest<T>["request"], "apiKey" | "apiVersion" | "apiName">;
  readonly write: (writer: WireWriter) => WireWriter;
  readonly read: (reader: WireReader) => T;
}

function identified(wire: WireWriter, { transactionalId, producerId, epoch }: TransactionalWriter): WireWriter {
  return wire.string(transactionalId).int64(producerId).int16(epoch);
}

/** Of a version without tagged fields. */
function plain<T>({ api, write, read }: Parts<T>): ProtocolRequest<T> {
  return request({
    api,
    write,
    read: (reader) => {
      reader.int32(); // throttle time
      return read(reader);
    },
  });
}

function request<T>({ api, write, read }: Parts<T>): ProtocolRequest<T> {
  return {
    request: { ...api, encode: () => Promise.resolve(encoded(write(new WireWriter()).finish())) },
    response: {
      decode: (payload) => Promise.resolve(read(new WireReader(payload))),
      parse: (answer) => Promise.resolve(answer),
    },
  };
}
