import { assert, assertEquals } from "@std/assert";
import { assignTasks, type MemberClaim } from "../../../src/adapters/assignment/assign_tasks.ts";
import { below, type Random, withSeed } from "../kafka/protocol/seeded.ts";

Deno.test("assignTasks() gives all to a single member, and shares evenly", () => {
  const tasks = ["a", "b", "c", "d", "e"];
  assertEquals(assignTasks([member("m", { tasks })]), new Map([["m", tasks]]));
  const two = assignTasks([member("m", { tasks }), member("n", { tasks })]);
  assertEquals([...two.values()].map((list) => list.length).sort(), [2, 3]);
  assertEquals(assignTasks([]), new Map());
});

Deno.test("assignTasks() prefers the newer of two claims", () => {
  const tasks = ["a", "b"];
  const back = member("back", { tasks, owned: ["a", "b"], generation: 3 });
  const stayed = member("stayed", { tasks, owned: ["a"], generation: 5 });
  assertEquals(assignTasks([back, stayed]), new Map([["back", ["b"]], ["stayed", ["a"]]]));
});

Deno.test("assignTasks() hands a task only to members that know it", () => {
  const old = member("old", { tasks: ["a", "b"], owned: ["a", "b"], generation: 1 });
  const young = member("young", { tasks: ["b", "c"] });
  const assigned = assignTasks([old, young]);
  assertEquals(assigned.get("old"), ["a", "b"]);
  assertEquals(assigned.get("young"), ["c"]);
});

Deno.test("assignTasks() assigns everything once, in balance, moving no more than balance asks for", () =>
  withSeed((random) => {
    for (let round = 0; round < 200; round++) {
      const tasks = Array.from({ length: below(random, 40) }, (_, index) => `t${index}`);
      let members = newMembers(random, tasks);
      for (let generation = 1; generation < 5 && members.length > 0; generation++) {
        const assigned = assignTasks(members);
        assertEquals([...assigned.values()].flat().sort(), [...tasks].sort());
        const loads = members.map(({ memberId }) => assigned.get(memberId)!.length);
        assert(Math.max(...loads) - Math.min(...loads) <= 1, `loads are ${loads}`);
        assertEquals(moved(members, assigned), leastMoves(members, tasks.length));
        assertEquals(assignTasks(members.toReversed()), assignedAs(members, assigned));
        members = members.map(({ memberId }) =>
          member(memberId, { tasks, owned: assigned.get(memberId)!, generation })
        );
        members = members.filter(() => random() < 0.8).concat(newMembers(random, tasks, { generation }));
      }
    }
  }));

function newMembers(random: Random, tasks: readonly string[], { generation } = { generation: 0 }): MemberClaim[] {
  return Array.from({ length: below(random, 4) }, (_, index) => member(`m${generation}-${index}`, { tasks }));
}

function member(memberId: string, claim: Partial<MemberClaim> & Pick<MemberClaim, "tasks">): MemberClaim {
  return { memberId, owned: [], generation: -1, ...claim };
}

/** Tasks that somebody had and that are somebody else's now, without those whose owner has gone. */
function moved(members: readonly MemberClaim[], assigned: ReadonlyMap<string, readonly string[]>): number {
  return members.flatMap(({ memberId, owned }) => owned.filter((task) => !assigned.get(memberId)!.includes(task)))
    .length;
}

/** What must move at least: what anybody has above its share, the larger shares going to those that have most. */
function leastMoves(members: readonly MemberClaim[], tasks: number): number {
  const share = Math.floor(tasks / members.length);
  const larger = tasks % members.length;
  const loads = members.map(({ owned }) => owned.length).sort((a, b) => b - a);
  return loads.reduce((sum, load, index) => sum + Math.max(0, load - share - (index < larger ? 1 : 0)), 0);
}

function assignedAs(members: readonly MemberClaim[], assigned: ReadonlyMap<string, string[]>): Map<string, string[]> {
  const names = members.map(({ memberId }) => memberId).sort();
  return new Map(names.map((name) => [name, assigned.get(name)!]));
}
