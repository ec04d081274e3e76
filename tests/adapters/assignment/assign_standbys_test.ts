import { assert, assertEquals } from "@std/assert";
import { assignStandbys } from "../../../src/adapters/assignment/assign_standbys.ts";
import { assignTasks, type MemberClaim } from "../../../src/adapters/assignment/assign_tasks.ts";
import { below, type Random, withSeed } from "../kafka/protocol/seeded.ts";

const TASKS = ["a", "b", "c", "d", "e", "f"];

function member(memberId: string, claim: Partial<MemberClaim> = {}): MemberClaim {
  return { memberId, tasks: TASKS, owned: [], generation: 0, standbysWanted: 1, ...claim };
}

interface Shared {
  readonly tasks: Map<string, string[]>;
  readonly standbys: Map<string, string[]>;
}

function share(members: readonly MemberClaim[]): Shared {
  const tasks = assignTasks(members);
  return { tasks, standbys: assignStandbys(members, tasks) };
}

/** The members as they would tell next time what they have. */
function after(members: readonly MemberClaim[], { tasks, standbys }: Shared): MemberClaim[] {
  return members.map((claim) => ({
    ...claim,
    owned: tasks.get(claim.memberId)!,
    standbys: standbys.get(claim.memberId)!,
    generation: claim.generation + 1,
  }));
}

Deno.test("assignStandbys() keeps each task on another member than its owner, evenly", () => {
  const { tasks, standbys } = share([member("1"), member("2"), member("3")]);
  assertEquals([...tasks.values()].map((list) => list.length), [2, 2, 2]);
  assertEquals([...standbys.values()].map((list) => list.length), [2, 2, 2]);
  assertEquals([...standbys.values()].flat().sort(), TASKS);
  for (const [memberId, kept] of standbys) assert(kept.every((task) => !tasks.get(memberId)!.includes(task)));
});

Deno.test("assignStandbys() spreads the tasks of one owner over the others", () => {
  const { tasks, standbys } = share([member("1"), member("2"), member("3")]);
  for (const [owner, own] of tasks) {
    for (const [memberId, kept] of standbys) {
      if (memberId === owner) continue;
      assertEquals(kept.filter((task) => own.includes(task)).length, 1, `${memberId} for ${owner}`);
    }
  }
});

Deno.test("assignStandbys() keeps none where nobody wants one, or nobody else is there", () => {
  assertEquals(share([member("1"), member("2")].map((claim) => ({ ...claim, standbysWanted: 0 }))).standbys.size, 2);
  const none = new Map([["1", []], ["2", []]]);
  assertEquals(share([member("1", { standbysWanted: 0 }), member("2", { standbysWanted: undefined })]).standbys, none);
  assertEquals(share([member("1")]).standbys, new Map([["1", []]]));
  assertEquals(assignStandbys([], new Map()), new Map());
});

Deno.test("assignStandbys() gives a member of an earlier version none, though others keep its tasks", () => {
  const { tasks, standbys } = share([member("new"), member("old", { standbysWanted: undefined })]);
  assertEquals(standbys.get("old"), []);
  assertEquals(standbys.get("new"), tasks.get("old"));
});

Deno.test("assignTasks() gives the tasks of a member that left to those that keep them warm", () => {
  const members = [member("1"), member("2"), member("3")];
  const before = share(members);
  const left = after(members, before).filter(({ memberId }) => memberId !== "1");
  const { tasks, standbys } = share(left);
  for (const task of before.tasks.get("1")!) {
    const [keeper] = [...before.standbys].find(([, kept]) => kept.includes(task))!;
    assert(tasks.get(keeper)!.includes(task), `${task} was kept by ${keeper}`);
  }
  assertEquals([...standbys.values()].flat().sort(), TASKS, "they are kept elsewhere from now on");
});

Deno.test("assignTasks() moves what is warm where it moves to, if balance moves anything", () => {
  const full = member("1", { owned: ["a", "b", "c", "d"], generation: 1 });
  const { tasks } = share([full, member("2", { standbys: ["b"], generation: 1, tasks: ["a", "b", "c", "d"] })]);
  assertEquals([tasks.get("1")!.includes("b"), tasks.get("2")!.includes("b")], [false, true]);
});

/** Everything that must hold of any assignment. */
function check(members: readonly MemberClaim[], { tasks, standbys }: Shared): void {
  const wanted = Math.max(0, ...members.map(({ standbysWanted = 0 }) => standbysWanted));
  const claims = new Map(members.map((claim) => [claim.memberId, claim]));
  const keepers = members.filter(({ standbysWanted = 0 }) => standbysWanted > 0);
  const mayKeep = (memberId: string, task: string) =>
    claims.get(memberId)!.tasks.includes(task) && !tasks.get(memberId)!.includes(task);
  for (const [memberId, kept] of standbys) {
    assertEquals(new Set(kept).size, kept.length, "each once");
    assert(kept.every((task) => mayKeep(memberId, task)), "another member's, which it knows");
    assert(kept.length === 0 || keepers.some((keeper) => keeper.memberId === memberId), "only who wants any");
  }
  for (const task of [...tasks.values()].flat()) {
    const able = keepers.filter(({ memberId }) => mayKeep(memberId, task)).length;
    const copies = [...standbys.values()].filter((kept) => kept.includes(task)).length;
    assertEquals(copies, Math.min(wanted, able), `copies of ${task}`);
  }
  for (const { memberId: from } of keepers) {
    for (const { memberId: to } of keepers) {
      if (standbys.get(from)!.length - standbys.get(to)!.length < 2) continue;
      const movable = standbys.get(from)!.filter((task) => mayKeep(to, task) && !standbys.get(to)!.includes(task));
      assertEquals(movable, [], `${from} has two more than ${to}`);
    }
  }
}

Deno.test("assignStandbys() keeps every task elsewhere, in balance, and stays while nothing changes", () =>
  withSeed((random) => {
    for (let round = 0; round < 150; round++) {
      const all = Array.from({ length: below(random, 30) }, (_, index) => `t${index}`);
      let members = newcomers(random, { all, round: 0 });
      for (let step = 1; step < 6; step++) {
        const shared = share(members);
        check(members, shared);
        assertEquals(share(members.toReversed()).standbys, new Map([...shared.standbys].sort()), "in any order");
        members = after(members, shared);
        const again = share(members);
        assertEquals(sorted(again.standbys), sorted(shared.standbys), "nobody came or left");
        assertEquals(sorted(again.tasks), sorted(shared.tasks), "nobody came or left");
        members = members.filter(() => random() < 0.8).concat(newcomers(random, { all, round: step }));
      }
    }
  }));

function newcomers(
  random: Random,
  { all, round }: { readonly all: readonly string[]; readonly round: number },
): MemberClaim[] {
  return Array.from({ length: below(random, 4) }, (_, index) => ({
    memberId: `m${round}-${index}`,
    tasks: all.filter(() => random() < 0.95),
    owned: [],
    generation: round,
    ...(random() < 0.8 ? { standbysWanted: 1 + below(random, 2) } : {}),
  }));
}

function sorted(lists: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  return new Map([...lists].map(([memberId, list]) => [memberId, list.toSorted()]));
}
