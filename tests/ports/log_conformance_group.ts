import { assert, assertEquals, assertRejects } from "@std/assert";
import type { GroupTask, Log } from "../../src/ports/log.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { joinMember, newTopic, type TestMember, uniqueName } from "./log_conformance_support.ts";

const TASKS = 4;

/** Groups: who has which task. */
export const groupCases: readonly LogCase[] = [
  {
    name: "join() assigns every task to the only member",
    async run({ log }) {
      const { group, tasks, ids } = await newGroup(log);
      const member = await joinMember(log, { group, tasks });
      assertEquals(await member.until((assigned) => assigned.length === TASKS), ids);
      await member.membership.leave();
    },
  },
  {
    name: "join() gives a second member its share, and the first keeps the rest of what it had",
    async run({ log }) {
      const { group, tasks, ids } = await newGroup(log);
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const second = await joinMember(log, { group, tasks });
      const [kept, taken] = await shares(first, second);
      assertEquals([...kept, ...taken].sort(), ids);
      await Promise.all([first.membership.leave(), second.membership.leave()]);
    },
  },
  {
    name: "Membership.leave() gives the tasks back to the members that stay, which keep what they have",
    async run({ log }) {
      const { group, tasks, ids } = await newGroup(log);
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const second = await joinMember(log, { group, tasks });
      const [, taken] = await shares(first, second);
      const assignments = second.assignments.length;
      await first.membership.leave();
      assertEquals(await second.until((assigned) => assigned.length === TASKS), ids);
      for (const assigned of second.assignments.slice(assignments)) {
        assert(taken.every((task) => assigned.includes(task)), `lost one of ${taken}: ${assigned}`);
      }
      await second.membership.leave();
    },
  },
  {
    name: "join() makes members standbys of each other's tasks, if they want that",
    async run({ log }) {
      const { group, tasks } = await newGroup(log);
      const first = await joinMember(log, { group, tasks, standbys: 1 });
      await first.until((assigned) => assigned.length === TASKS);
      assertEquals(first.standbys.at(-1), [], "nobody else is there");
      const second = await joinMember(log, { group, tasks, standbys: 1 });
      const [kept, taken] = await shares(first, second);
      await first.until(() => isSame(first.standbys.at(-1), taken));
      await second.until(() => isSame(second.standbys.at(-1), kept));
      await first.membership.leave();
      await second.until((assigned) => assigned.length === TASKS);
      assertEquals(second.standbys.at(-1), []);
      await second.membership.leave();
    },
  },
  {
    name: "Membership.addresses() tells where the other members can be asked, as long as they are there",
    async run({ log }) {
      const { group, tasks } = await newGroup(log);
      const first = await joinMember(log, { group, tasks, address: "first:1" });
      await first.until((assigned) => assigned.length === TASKS);
      assertEquals(first.membership.addresses(), [], "nobody else is there");
      const second = await joinMember(log, { group, tasks, address: "second:2" });
      await shares(first, second);
      assertEquals([first, second].map(({ membership }) => membership.addresses()), [["second:2"], ["first:1"]]);
      const third = await joinMember(log, { group, tasks });
      await third.until((assigned) => assigned.length > 0);
      assertEquals(third.membership.addresses(), ["first:1", "second:2"], "it has none itself");
      await second.membership.leave();
      assertEquals(second.membership.addresses(), []);
      await first.until(() => first.membership.addresses().length === 0);
      await Promise.all([first.membership.leave(), third.membership.leave()]);
    },
  },
  {
    name: "join() works again after leave()",
    async run({ log }) {
      const { group, tasks, ids } = await newGroup(log);
      for (let time = 0; time < 2; time++) {
        const member = await joinMember(log, { group, tasks });
        assertEquals(await member.until((assigned) => assigned.length === TASKS), ids);
        await member.membership.leave();
      }
    },
  },
  {
    name: "join() keeps groups apart",
    async run({ log }) {
      const one = await newGroup(log);
      const first = await joinMember(log, one);
      const second = await joinMember(log, { ...one, group: uniqueName("other-group") });
      assertEquals(await first.until((assigned) => assigned.length === TASKS), one.ids);
      assertEquals(await second.until((assigned) => assigned.length === TASKS), one.ids);
      await Promise.all([first.membership.leave(), second.membership.leave()]);
    },
  },
  {
    name: "Membership.commit() accepts the member's positions, and refuses them after leave()",
    async run({ log }) {
      const { group, tasks } = await newGroup(log);
      const member = await joinMember(log, { group, tasks });
      await member.until((assigned) => assigned.length === TASKS);
      const positions = tasks.flatMap((task) => task.partitions.map((partition) => ({ ...partition, offset: 0 })));
      await member.membership.commit(positions);
      await member.membership.commit([]);
      await member.membership.leave();
      await assertRejects(() => member.membership.commit(positions));
    },
  },
];

/** A group whose tasks consist of one partition of each of two topics, as tasks of a table and its inbox do. */
async function newGroup(log: Log): Promise<{ group: string; tasks: GroupTask[]; ids: string[] }> {
  const table = await newTopic(log, "table", TASKS);
  const inbox = await newTopic(log, "inbox", TASKS);
  const tasks = Array.from({ length: TASKS }, (_, partition) => ({
    id: `table-${partition}`,
    partitions: [{ topic: table, partition }, { topic: inbox, partition }],
  }));
  return { group: uniqueName("group"), tasks, ids: tasks.map((task) => task.id) };
}

function isSame(tasks: readonly string[] | undefined, others: readonly string[]): boolean {
  return JSON.stringify(tasks) === JSON.stringify(others);
}

/** What each of two members has once the tasks are shared evenly and none belongs to both. */
async function shares(first: TestMember, second: TestMember): Promise<[string[], string[]]> {
  const taken = await second.until((assigned) => assigned.length === TASKS / 2);
  const kept = await first.until((assigned) =>
    assigned.length === TASKS / 2 && !assigned.some((task) => taken.includes(task))
  );
  return [kept, taken];
}
