import type { GroupTask } from "../../../ports/log.ts";
import { assignStandbys } from "../../assignment/assign_standbys.ts";
import { assignTasks } from "../../assignment/assign_tasks.ts";
import { decodeMemberState, encodeAssignment } from "../protocol/group_protocol.ts";
import type { JoinedGroup } from "../protocol/kafkajs_internals.ts";

/** The leader's duty: hands out the tasks of all members, and their standbys. `all`: every task it knows. */
export function leadGroup(
  { members }: JoinedGroup,
  all: readonly GroupTask[],
): { memberId: string; memberAssignment: Uint8Array }[] {
  const claims = members.map(({ memberId, memberMetadata }) => ({ memberId, ...decodeMemberState(memberMetadata) }));
  const assigned = assignTasks(claims);
  const standbys = assignStandbys(claims, assigned);
  return [...assigned].map(([memberId, tasks]) => ({
    memberId,
    memberAssignment: encodeAssignment({
      tasks,
      standbys: standbys.get(memberId)!,
      addresses: othersOf(claims, memberId),
    }, all),
  }));
}

function othersOf(
  members: readonly { readonly memberId: string; readonly address?: string }[],
  memberId: string,
): string[] {
  const others = members.filter((member) => member.memberId !== memberId);
  return [...new Set(others.flatMap(({ address }) => address ?? []))].sort();
}
