import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import type { GroupTask } from "../../../src/ports/log.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { joinMember, read, textOf } from "../../ports/log_conformance_support.ts";

const tasks: GroupTask[] = [0, 1, 2, 3].map((partition) => ({
  id: `task-${partition}`,
  partitions: [{ topic: "table", partition }, { topic: "inbox", partition }],
}));
const group = "group";

Deno.test("EmbeddedLog.join() calls onAssigned after it has resolved, with an empty list too", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const calls: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await log.join({
    group,
    tasks: [],
    onAssigned: (assigned) => {
      calls.push(`assigned [${assigned}]`);
      resolve();
    },
    onFailed: () => {},
  });
  calls.push("joined");
  await promise;
  assertEquals(calls, ["joined", "assigned []"]);
  await log.close();
});

Deno.test("EmbeddedLog.failMember() ends the membership and moves its tasks", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const failures: Error[] = [];
  const failing = await log.join({ group, tasks, onAssigned: () => {}, onFailed: (error) => failures.push(error) });
  const staying = await joinMember(log, { group, tasks });
  await staying.until((assigned) => assigned.length === 2);
  const error = new Error("not heard of for too long");
  log.failMember(failing, error);
  log.failMember(failing, error);
  assertEquals(failures, [error]);
  await staying.until((assigned) => assigned.length === 4);
  await assertRejects(() => failing.commit([]));
  await failing.leave();
  assertEquals(staying.assignments.at(-1), tasks.map((task) => task.id));
  await log.close();
});

Deno.test("EmbeddedLog.join() ends the membership when onAssigned throws, and moves its tasks", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const failed = Promise.withResolvers<Error>();
  const thrown = new Error("cannot take them");
  await log.join({
    group,
    tasks,
    onAssigned: () => {
      throw thrown;
    },
    onFailed: failed.resolve,
  });
  const staying = await joinMember(log, { group, tasks });
  assertEquals(await failed.promise, thrown);
  await staying.until((assigned) => assigned.length === 4);
  await log.close();
});

Deno.test("EmbeddedLog.join() gives a member only tasks that it asked for", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const older = await joinMember(log, { group, tasks: tasks.slice(0, 2) });
  const newer = await joinMember(log, { group, tasks });
  await newer.until((assigned) => assigned.length === 2);
  assertEquals(await older.until((assigned) => assigned.length === 2), ["task-0", "task-1"]);
  assertEquals(newer.assignments.at(-1), ["task-2", "task-3"]);
  await assertRejects(() => joinMember(log, { group, tasks: [tasks[0], tasks[0]] }), TypeError);
  await log.close();
});

Deno.test("EmbeddedLog.committed() gives the group's newest positions, not those of tasks that had moved", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const first = await joinMember(log, { group, tasks });
  await first.until((assigned) => assigned.length === 4);
  const all = (offset: number) =>
    tasks.flatMap((task) => task.partitions.map((partition) => ({ ...partition, offset })));
  await first.membership.commit([...all(1), { topic: "global", partition: 0, offset: 7 }]);
  const second = await joinMember(log, { group, tasks });
  const moved = await second.until((assigned) => assigned.length === 2);
  await second.membership.commit(all(3));
  await first.membership.commit(all(2));
  const offsets = new Map((await log.committed(group)).map((at) => [`${at.topic}-${at.partition}`, at.offset]));
  assertEquals(offsets.get("global-0"), 7);
  for (const { id, partitions: [{ partition }] } of tasks) {
    const expected = moved.includes(id) ? 3 : 2;
    assertEquals([offsets.get(`table-${partition}`), offsets.get(`inbox-${partition}`)], [expected, expected]);
  }
  assertEquals(await log.committed("another group"), []);
  await log.close();
});

Deno.test("Membership.held() names another tenure when a task was away and nobody was told", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const partitions = tasks.map((task) => task.partitions[0]);
  const first = await joinMember(log, { group, tasks });
  await first.until((assigned) => assigned.length === 4);
  const before = await first.membership.held(partitions);
  const passing = await log.join({ group, tasks, onAssigned: () => {}, onFailed: () => {} });
  const [away] = await passing.held(partitions);
  await passing.leave();
  const told = first.assignments.length;
  const after = await first.membership.held(partitions);
  assertEquals(first.assignments.length, told, "nothing was told");
  const changed = after.filter(({ tenure }, partition) => tenure !== before[partition].tenure);
  assertEquals(changed.length, 2);
  assert(changed.some(({ partition }) => partition === away.partition));
  const progress = { topic: "table", partition: away.partition, offset: 1, note: "" };
  await assertRejects(() => first.membership.advance(progress, before[away.partition].tenure), ProductionError);
  await first.membership.advance(progress, after[away.partition].tenure);
  await log.close();
});

Deno.test("Membership.advance() is over for a member that is not heard of any more", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const partitions = tasks.map((task) => task.partitions[0]);
  const failing = await log.join({ group, tasks, onAssigned: () => {}, onFailed: () => {} });
  const [{ tenure }] = await failing.held(partitions);
  const progress = { topic: "table", partition: 0, offset: 1, note: "kept" };
  await failing.advance(progress, tenure);
  log.failMember(failing, new Error("not heard of for too long"));
  const error = await assertRejects(() => failing.advance({ ...progress, offset: 2 }, tenure), ProductionError);
  assertEquals(error.retriable, false);
  assertEquals(await log.committed(group), [{ topic: "table", partition: 0, offset: 1 }]);
  await log.close();
});

Deno.test("Membership.transact() stores nothing once the task has moved, all else beside it", async () => {
  const log = openEmbeddedLog({ path: ":memory:", limits: { appendSliceRecords: 2 } });
  await log.createTopic({ name: "out", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const first = await log.join({ group, tasks, onAssigned: () => {}, onFailed: () => {} });
  const places = tasks.map((_, partition) => ({ topic: "table", partition }));
  const before = await first.held(places);
  const records = (prefix: string) => [0, 1, 2].map((at) => ({ key: null, value: `${prefix}${at}` }));
  const transact = ({ topic, partition, tenure }: typeof before[number]) =>
    first.transact({ topic, partition, offset: 7, note: "" }, {
      tenure,
      batches: [{ topic: "out", partition: 0, records: records(`t${partition}.`) }],
    });
  // In the same turn: asked for by the owner, and written when it is not any more.
  const asked = before.map(transact);
  const plain = log.append([{ topic: "out", partition: 0, records: records("plain") }]);
  const second = await log.join({ group, tasks, onAssigned: () => {}, onFailed: () => {} });
  const ended = await Promise.allSettled(asked);
  await plain;
  const moved = new Set((await second.held(places)).map(({ partition }) => partition));
  assertEquals(moved.size, 2);
  for (const [partition, { status }] of ended.entries()) {
    assertEquals(status, moved.has(partition) ? "rejected" : "fulfilled");
  }
  for (const end of ended) if (end.status === "rejected") assertEquals(end.reason.retriable, false);
  for (const { progress } of await second.held(places)) assertEquals(progress, null);
  for (const { progress } of await first.held(places)) assertEquals(progress?.offset, 7);
  const stayed = places.filter(({ partition }) => !moved.has(partition)).map(({ partition }) => `t${partition}.`);
  const { end: [count] } = await log.offsets("out");
  const values = (await read(log, "out", { count })).map(({ value }) => textOf(value));
  assertEquals(values, [...stayed, "plain"].flatMap((prefix) => records(prefix).map(({ value }) => value)));
  await log.close();
});
