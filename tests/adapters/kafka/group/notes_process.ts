/**
 * Notes the memberships given as `group=member` behind the directory, tells so, and stays. Run by
 * `member_notes_test.ts`.
 */
import { openMemberNotes } from "../../../../src/adapters/kafka/group/notes.ts";

const [directory, ...memberships] = Deno.args;
const notes = openMemberNotes(directory);
for (const membership of memberships) {
  const [group, memberId] = membership.split("=");
  notes.add(group, memberId);
}
console.log("noted");
for await (const _ of Deno.stdin.readable);
notes.close();
