import kafkajs from "kafkajs";
import { Buffer } from "node:buffer";
import type { GroupOptions, GroupTask } from "../../../ports/log.ts";

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

/** What a member tells the leader. */
export interface MemberState {
  readonly tasks: readonly string[];
  readonly owned: readonly string[];
  readonly generation: number;
  /** Tasks whose rows it keeps warm. Absent in what members of earlier versions tell, as is the next. */
  readonly standbys?: readonly string[];
  readonly standbysWanted?: number;
  /** Where it can be asked, if it can. */
  readonly address?: string;
}

/** What a member is given. */
export interface MemberTasks {
  readonly tasks: readonly string[];
  readonly standbys: readonly string[];
  /** Where the other members can be asked, as far as they can. */
  readonly addresses: readonly string[];
}

/** What a member has been given so far. */
interface Given {
  readonly assigned: MemberTasks;
  readonly generation: number;
}

/** What a member tells. What it has nothing to tell of is left out, as members of earlier versions do. */
export function memberState(
  { tasks, standbys: standbysWanted = 0, address }: Pick<GroupOptions, "tasks" | "standbys" | "address">,
  { assigned: { tasks: owned, standbys }, generation }: Given,
): MemberState {
  return {
    tasks: tasks.map(({ id }) => id),
    owned,
    generation,
    ...(standbysWanted > 0 ? { standbys, standbysWanted } : {}),
    ...(address === undefined ? {} : { address }),
  };
}

export function encodeMemberState(topics: readonly string[], state: MemberState): Uint8Array {
  return MemberMetadata.encode({ version: VERSION, topics: [...topics], userData: jsonBytes(state) });
}

export function decodeMemberState(bytes: Uint8Array): MemberState {
  return JSON.parse(MemberMetadata.decode(Buffer.from(bytes))!.userData.toString()) as MemberState;
}

/**
 * The assignment of one member: the partitions of its tasks and, in the user data, the tasks themselves. Standbys are
 * in the user data alone: their partitions are another member's. `all`: every task there is.
 */
export function encodeAssignment({ tasks, standbys, addresses }: MemberTasks, all: readonly GroupTask[]): Uint8Array {
  const chosen = new Set(tasks);
  const partitions = all.filter((task) => chosen.has(task.id)).flatMap((task) => task.partitions);
  const assignment: Record<string, number[]> = {};
  for (const [topic, parts] of Map.groupBy(partitions, ({ topic }) => topic)) {
    assignment[topic] = [...new Set(parts.map(({ partition }) => partition))].sort((a, b) => a - b);
  }
  const userData = { tasks, standbys, ...(addresses.length > 0 ? { addresses } : {}) };
  return MemberAssignment.encode({ version: VERSION, assignment, userData: jsonBytes(userData) });
}

/**
 * A member that the leader gave nothing gets no bytes at all; a leader of an earlier version knows no standbys, or no
 * addresses.
 */
export function decodeAssignment(bytes: Uint8Array): MemberTasks {
  const message = MemberAssignment.decode(Buffer.from(bytes));
  if (message === null) return { tasks: [], standbys: [], addresses: [] };
  const given = JSON.parse(message.userData.toString()) as Pick<MemberTasks, "tasks"> & Partial<MemberTasks>;
  return { standbys: [], addresses: [], ...given };
}

function jsonBytes(data: unknown): Buffer {
  return Buffer.from(JSON.stringify(data));
}
