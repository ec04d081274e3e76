import { assertEquals, assertRejects } from "@std/assert";
import type { AppendBatch, Log, Membership, Progress } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { advance, assertOver, held, newGroup, TASKS, untilAnswered } from "./log_conformance_held.ts";
import { joinMember, newTopic, numbered, pollUntil, textOf, uniqueName } from "./log_conformance_support.ts";

const TRIES_MAX = 100;

/** Where values are read. */
type Partition = readonly [log: Log, topic: string, partition: number];

/** Records and progress, both or neither. */
export const transactionCases: readonly LogCase[] = [
  {
    name: "Membership.transact() stores records of several partitions with the progress, between others' records",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log, { transactional: true });
      const [out, other] = [await newTopic(log, "out", 2), await newTopic(log, "other")];
      const { membership, until } = await joinMember(log, { group, tasks });
      await until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(membership, places);
      for (const [round, count] of [1, 3_000, 2].entries()) {
        const progress = { topic, partition: 0, offset: round + 1, note: `round ${round}` };
        await transact(membership, progress, {
          tenure,
          batches: [
            { topic: out, partition: 0, records: numbered(`${round}a`, count) },
            { topic: out, partition: 1, records: numbered(`${round}b`, 2) },
            { topic: other, partition: 0, records: numbered(`${round}c`, 1) },
          ],
        });
        await log.append([{ topic: out, partition: 0, records: numbered(`${round}plain`, 1) }]);
        assertEquals((await held(membership, places))[0].progress, progress);
      }
      const plain = { topic, partition: 0, offset: 9, note: "without records" };
      await advance(membership, { ...plain, tenure });
      assertEquals((await held(membership, places))[0].progress, plain);
      const values = (prefix: string, count: number) => numbered(prefix, count).map(({ value }) => value);
      const first = [1, 3_000, 2].flatMap((count, round) => [
        ...values(`${round}a`, count),
        ...values(`${round}plain`, 1),
      ]);
      await assertHolds([log, out, 0], first);
      await assertHolds([log, out, 1], [0, 1, 2].flatMap((round) => values(`${round}b`, 2)));
      await assertHolds([log, other, 0], [0, 1, 2].flatMap((round) => values(`${round}c`, 1)));
      await membership.leave();
    },
  },
  {
    name: "Membership.transact() has no second effect",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log, { transactional: true });
      const out = await newTopic(log, "out");
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(first.membership, places);
      const progress = { topic, partition: 0, offset: 1, note: "of the first" };
      const batches = [{ topic: out, partition: 0, records: numbered("a", 2) }];
      await transact(first.membership, progress, { tenure, batches });
      await first.membership.leave();
      await assertOver(() => first.membership.transact({ ...progress, offset: 2 }, { tenure, batches }));
      const second = await joinMember(log, { group, tasks });
      await second.until((assigned) => assigned.length === TASKS);
      const [next] = await held(second.membership, places);
      assertEquals(next.progress, progress);
      await assertOver(() => second.membership.transact({ ...progress, offset: 2 }, { tenure, batches }));
      await transact(second.membership, { ...progress, offset: 3 }, { tenure: next.tenure, batches });
      await assertHolds([log, out, 0], ["a0", "a1", "a0", "a1"]);
      await second.membership.leave();
    },
  },
  {
    name: "Membership.transact() is refused when the partition has moved, and taken where it stayed",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log, { transactional: true });
      const out = await newTopic(log, "out");
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const before = await held(first.membership, places);
      const batches = (value: string) => [{ topic: out, partition: 0, records: [{ key: null, value }] }];
      const at = (partition: number, offset: number) => ({ topic, partition, offset, note: String(partition) });
      for (const { partition, tenure } of before) {
        await transact(first.membership, at(partition, 1), { tenure, batches: batches(`first ${partition}`) });
      }
      const second = await joinMember(log, { group, tasks });
      const [taken] = await second.until((assigned) => assigned.length === 1);
      await first.until((assigned) => assigned.length === 1);
      const moved = tasks.findIndex(({ id }) => id === taken);
      const stayed = 1 - moved;
      const late = { tenure: before[moved].tenure, batches: batches("late") };
      await assertOver(() => untilAnswered(() => first.membership.transact(at(moved, 2), late)));
      const still = { tenure: before[stayed].tenure, batches: batches("still") };
      await transact(first.membership, at(stayed, 2), still);
      const [mine] = await held(second.membership, places);
      assertEquals(mine.progress, at(moved, 1));
      await transact(second.membership, at(moved, 2), { tenure: mine.tenure, batches: batches("second") });
      await assertHolds([log, out, 0], ["first 0", "first 1", "still", "second"]);
      await Promise.all([first.membership.leave(), second.membership.leave()]);
    },
  },
  {
    name: "Membership.transact() commits nothing with a record that is too large, and goes on",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log, { transactional: true });
      const out = uniqueName("out");
      const limits = { cleanup: "delete", retentionMs: -1, messageBytesMax: 2_000 } as const;
      await log.createTopic({ name: out, partitions: 2, ...limits });
      const { membership, until } = await joinMember(log, { group, tasks });
      await until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(membership, places);
      const progress = { topic, partition: 0, offset: 1, note: "" };
      const small = { topic: out, partition: 0, records: numbered("small", 200) };
      const large = { topic: out, partition: 1, records: [{ key: null, value: "x".repeat(3_000) }] };
      const error = await assertRejects(
        () => untilAnswered(() => membership.transact(progress, { tenure, batches: [small, large] })),
        ProductionError,
      );
      assertEquals(error.reason, "too_large", error.message);
      assertEquals((await held(membership, places))[0].progress, null);
      await assertHolds([log, out, 0], []);
      await transact(membership, progress, { tenure, batches: [small] });
      await assertHolds([log, out, 0], small.records.map(({ value }) => value));
      await assertHolds([log, out, 1], []);
      await membership.leave();
    },
  },
];

function transact(
  membership: Membership,
  progress: Progress,
  transaction: { readonly tenure: string; readonly batches: readonly AppendBatch[] },
): Promise<void> {
  return untilAnswered(() => membership.transact(progress, transaction));
}

/** Waits until there are as many values as expected: a commit is carried out soon behind its answer. */
async function assertHolds(place: Partition, expected: readonly (string | null)[]): Promise<void> {
  let values = await valuesOf(place);
  for (let tries = 0; tries < TRIES_MAX && values.length < expected.length; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    values = await valuesOf(place);
  }
  assertEquals(values, expected);
}

/** Values of the partition, read to where `Log.offsets` says that it ends. */
async function valuesOf([log, topic, partition]: Partition): Promise<(string | null)[]> {
  const { start: { [partition]: start }, end: { [partition]: end } } = await log.offsets(topic);
  const values: (string | null)[] = [];
  if (start === end) return values;
  const reader = log.reader();
  reader.seek(topic, partition, start);
  await pollUntil(reader, `reading ${topic}/${partition} to ${end}`, ({ records, nextOffset }) => {
    values.push(...records.map(({ value }) => textOf(value)));
    return nextOffset >= end;
  });
  await reader.close();
  return values;
}
