import { assert, assertEquals } from "@std/assert";
import { assignTasks } from "../../../src/adapters/assignment/assign_tasks.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";

interface Candidate {
  readonly able: readonly string[];
  readonly has: readonly string[];
}

/** Members of one generation, by their places; who gets what in the order of `tasks`. */
function shareOut(tasks: readonly string[], candidates: readonly Candidate[]): string[][] {
  const memberId = (index: number) => String(index).padStart(4, "0");
  const assigned = assignTasks(
    candidates.map(({ able, has }, index) => ({ memberId: memberId(index), tasks: able, owned: has, generation: 0 })),
  );
  return candidates.map((_, index) => tasks.filter((task) => assigned.get(memberId(index))!.includes(task)));
}

function candidate(able: readonly string[], has: readonly string[] = []): Candidate {
  return { able, has };
}

Deno.test("assignTasks() shares tasks out", async (t) => {
  const tasks = ["a", "b", "c", "d", "e"];
  const cases: { name: string; candidates: Candidate[]; expected: string[][] }[] = [
    { name: "nobody is there", candidates: [], expected: [] },
    { name: "all to the only one", candidates: [candidate(tasks)], expected: [tasks] },
    {
      name: "evenly to new ones",
      candidates: [candidate(tasks), candidate(tasks)],
      expected: [["a", "c", "e"], ["b", "d"]],
    },
    {
      name: "a newcomer gets its share, the other keeps the rest",
      candidates: [candidate(tasks, tasks), candidate(tasks)],
      expected: [["a", "b", "c"], ["d", "e"]],
    },
    {
      name: "the tasks of one that left go to those that have least",
      candidates: [candidate(tasks, ["d"]), candidate(tasks, ["b", "c"])],
      expected: [["a", "d", "e"], ["b", "c"]],
    },
    {
      name: "only to those that can take them",
      candidates: [candidate(["a", "b", "c", "d"]), candidate(["e"])],
      expected: [["a", "b", "c", "d"], ["e"]],
    },
    {
      name: "tasks that nobody can take stay behind",
      candidates: [candidate(["a"]), candidate([])],
      expected: [["a"], []],
    },
    {
      name: "a task that two claim stays with one",
      candidates: [candidate(tasks, ["a", "b"]), candidate(tasks, ["b", "c"])],
      expected: [["a", "b", "e"], ["c", "d"]],
    },
  ];
  for (const { name, candidates, expected } of cases) {
    await t.step(name, () => assertEquals(shareOut(tasks, candidates), expected));
  }
});

Deno.test("assignTasks() stays complete, even and sticky while members come and go", () => {
  const seed = Math.floor(Math.random() * 1e9);
  console.log(`seed ${seed}`);
  const random = mulberry32(seed);
  const tasks = Array.from({ length: 17 }, (_, index) => `task-${index}`);
  let members: string[][] = [[]];
  for (let step = 0; step < 500; step++) {
    const before = members.map((has) => has);
    if (members.length < 2 || random() < 0.5) before.push([]);
    else before.splice(Math.floor(random() * before.length), 1);
    members = shareOut(tasks, before.map((has) => candidate(tasks, has)));
    assertEquals(members.flat().sort(), [...tasks].sort());
    const sizes = members.map((has) => has.length);
    assert(Math.max(...sizes) - Math.min(...sizes) <= 1, `sizes ${sizes}`);
    for (const [index, has] of before.entries()) {
      const kept = has.filter((task) => members[index].includes(task)).length;
      const mostEven = Math.floor(tasks.length / members.length);
      assert(kept >= Math.min(has.length, mostEven), `member ${index} kept ${kept} of ${has.length}`);
    }
  }
});
