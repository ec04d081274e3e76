import kafkajs from "kafkajs";
import { Buffer } from "node:buffer";
import type { GroupTask } from "../../../ports/log.ts";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/**
 * What members of a group tell each other: Kafka's own "consumer" messages, so that the usual tools show the members'
 * partitions, with the tasks as JSON in their user data.
 * https://github.com/apache/kafka/tree/3.9/clients/src/main/resources/common/message (ConsumerProtocol*)
 */

/** Name under which members agree on how tasks are handed out. */
export const PROTOCOL_NAME = "weir-tasks";

/** The first, which every tool reads. */
const VERSION = 0;

export interface MemberState {
  readonly tasks: readonly string[];
  readonly owned: readonly string[];
  readonly generation: number;
}

export function encodeMemberState(topics: readonly string[], state: MemberState): Uint8Array {
  return MemberMetadata.encode({ version: VERSION, topics: [...topics], userData: jsonBytes(state) });
}

export function decodeMemberState(bytes: Uint8Array): MemberState {
  return JSON.parse(MemberMetadata.decode(Buffer.from(bytes))!.userData.toString()) as MemberState;
}

/** The assignment of one member: the partitions of `assigned` and, in the user data, the tasks themselves. */
export function encodeAssignment(assigned: readonly string[], tasks: readonly GroupTask[]): Uint8Array {
  const chosen = new Set(assigned);
  const partitions = tasks.filter((task) => chosen.has(task.id)).flatMap((task) => task.partitions);
  const assignment: Record<string, number[]> = {};
  for (const [topic, parts] of Map.groupBy(partitions, ({ topic }) => topic)) {
    assignment[topic] = [...new Set(parts.map(({ partition }) => partition))].sort((a, b) => a - b);
  }
  return MemberAssignment.encode({ version: VERSION, assignment, userData: jsonBytes({ tasks: assigned }) });
}

/** The tasks of an assignment. A member that the leader gave nothing gets no bytes at all. */
export function decodeAssignment(bytes: Uint8Array): string[] {
  const message = MemberAssignment.decode(Buffer.from(bytes));
  return message === null ? [] : (JSON.parse(message.userData.toString()) as { tasks: string[] }).tasks;
}

function jsonBytes(data: unknown): Buffer {
  return Buffer.from(JSON.stringify(data));
}
