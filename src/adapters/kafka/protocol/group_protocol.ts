import { Buffer } from "node:buffer";
import type { GroupTask } from "../../../ports/log.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * What members of a group tell each other: Kafka's own "consumer" messages, so that the usual tools show the members' partitions,
 * with the tasks as JSON in their user data.
 * https://github.com/apache/kafka/tree/3.9/clients/src/main/resources/common/message (ConsumerProtocol*)
 */

/** Name under which members agree on how tasks are handed out. */
export const PROTOCOL_NAME = "weir-tasks";

export interface MemberState {
  readonly tasks: readonly string[];
  readonly owned: readonly string[];
  readonly generation: number;
}

export function encodeMemberState(topics: readonly string[], state: MemberState): Uint8Array {
  const writer = new WireWriter().int16(0);
  return withUserData(writer.array(topics, (topic) => writer.string(topic)), state);
}

export function decodeMemberState(bytes: Uint8Array): MemberState {
  const reader = new WireReader(bytes);
  reader.int16();
  reader.array(() => reader.string());
  return userData(reader) as MemberState;
}

/** The assignment of one member: the partitions of `assigned` and, in the user data, the tasks themselves. */
export function encodeAssignment(assigned: readonly string[], tasks: readonly GroupTask[]): Uint8Array {
  const chosen = new Set(assigned);
  const partitions = tasks.filter((task) => chosen.has(task.id)).flatMap((task) => task.partitions);
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  const writer = new WireWriter().int16(0);
  writer.array([...byTopic], ([topic, parts]) => {
    const numbers = [...new Set(parts.map(({ partition }) => partition))].sort((a, b) => a - b);
    writer.string(topic).array(numbers, (partition) => writer.int32(partition));
  });
  return withUserData(writer, { tasks: assigned });
}

/** The tasks of an assignment. A member that the leader gave nothing gets no bytes at all. */
export function decodeAssignment(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const reader = new WireReader(bytes);
  reader.int16();
  reader.array(() => [reader.string(), reader.array(() => reader.int32())]);
  return (userData(reader) as { tasks: string[] }).tasks;
}

function withUserData(writer: WireWriter, data: unknown): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(data));
  const message = writer.int32(bytes.length).raw(bytes).finish();
  // kafkajs writes only a Buffer as bytes; anything else it would turn into text.
  return Buffer.from(message.buffer, message.byteOffset, message.length);
}

function userData(reader: WireReader): unknown {
  const length = Math.max(0, reader.int32());
  const bytes = reader.bytes.subarray(reader.position, reader.position + length);
  return JSON.parse(new TextDecoder().decode(bytes));
}
