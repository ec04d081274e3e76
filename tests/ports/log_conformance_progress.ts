import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { NOTE_BYTES_MAX, type Progress } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { advance, assertOver, held, newGroup, TASKS, untilAnswered } from "./log_conformance_held.ts";
import { joinMember, uniqueName } from "./log_conformance_support.ts";

/** Progress of partitions: fenced by who has them, and found by whoever has them next. */
export const progressCases: readonly LogCase[] = [
  {
    name: "Membership.held() knows no progress before the first advance(), then the last one, notes and all",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const { membership, until } = await joinMember(log, { group, tasks });
      await until((assigned) => assigned.length === TASKS);
      const [first, second] = await held(membership, places);
      assertEquals(first, { topic, partition: 0, tenure: first.tenure, progress: null });
      const note = JSON.stringify({ to: 9_007_199_254_740_991, text: 'Größe \u{1F4E6} "\\' });
      const notes = [{ offset: 7, note: "" }, { offset: 12, note }, { offset: 3, note: "x".repeat(NOTE_BYTES_MAX) }];
      for (const what of notes) {
        const progress = { topic, partition: 0, ...what };
        await advance(membership, { ...progress, tenure: first.tenure });
        assertEquals(await held(membership, places), [{ ...first, progress }, second], "the last one, if it is behind");
      }
      await membership.leave();
    },
  },
  {
    name: "Membership.advance() refuses a note that is too large, and keeps what was there",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const { membership, until } = await joinMember(log, { group, tasks });
      await until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(membership, places);
      const progress = { topic, partition: 0, offset: 1, note: "kept" };
      await advance(membership, { ...progress, tenure });
      const note = "ü".repeat(NOTE_BYTES_MAX / 2 + 1);
      await assertRejects(() => membership.advance({ ...progress, offset: 2, note }, tenure), RangeError);
      assertEquals((await held(membership, places))[0].progress, progress);
      await membership.leave();
    },
  },
  {
    name: "Membership.advance() is refused once the member has left, and who has the partition next finds the last one",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(first.membership, places);
      const progress = { topic, partition: 0, offset: 5, note: "of the first" };
      await advance(first.membership, { ...progress, tenure });
      await first.membership.leave();
      await assertOver(() => first.membership.advance({ ...progress, offset: 6 }, tenure));
      await assertRejects(() => first.membership.held(places), ProductionError);
      const second = await joinMember(log, { group, tasks });
      await second.until((assigned) => assigned.length === TASKS);
      const [next] = await held(second.membership, places);
      assertEquals(next.progress, progress);
      assertNotEquals(next.tenure, tenure);
      await assertOver(() => second.membership.advance({ ...progress, offset: 7 }, tenure));
      await advance(second.membership, { ...progress, offset: 8, tenure: next.tenure });
      await second.membership.leave();
    },
  },
  {
    name:
      "Membership.advance() is refused when the partition has moved, and taken where it stayed, with the same tenure",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const before = await held(first.membership, places);
      const second = await joinMember(log, { group, tasks });
      const [taken] = await second.until((assigned) => assigned.length === 1);
      await first.until((assigned) => assigned.length === 1);
      const moved = tasks.findIndex(({ id }) => id === taken);
      const stayed = 1 - moved;
      const at = (partition: number): Progress => ({ topic, partition, offset: 1, note: String(partition) });
      await assertOver(() => untilAnswered(() => first.membership.advance(at(moved), before[moved].tenure)));
      await advance(first.membership, { ...at(stayed), tenure: before[stayed].tenure });
      assertEquals(await held(first.membership, places), [{ ...before[stayed], progress: at(stayed) }]);
      const [mine, ...others] = await held(second.membership, places);
      assertEquals(others, []);
      assertEquals({ partition: mine.partition, progress: mine.progress }, { partition: moved, progress: null });
      await advance(second.membership, { ...at(moved), tenure: mine.tenure });
      await Promise.all([first.membership.leave(), second.membership.leave()]);
    },
  },
  {
    name: "Membership.held() names another tenure when the partition was away meanwhile",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const before = await held(first.membership, places);
      const second = await joinMember(log, { group, tasks });
      const [taken] = await second.until((assigned) => assigned.length === 1);
      await first.until((assigned) => assigned.length === 1);
      const moved = tasks.findIndex(({ id }) => id === taken);
      const [mine] = await held(second.membership, places);
      const progress = { topic, partition: moved, offset: 4, note: "of the second" };
      await advance(second.membership, { ...progress, tenure: mine.tenure });
      await second.membership.leave();
      await first.until((assigned) => assigned.length === TASKS);
      const after = await held(first.membership, places);
      assertEquals(after[moved].progress, progress);
      assertNotEquals(after[moved].tenure, before[moved].tenure);
      assertEquals(after[1 - moved], before[1 - moved], "this one never was away");
      await assertOver(() => untilAnswered(() => first.membership.advance(progress, before[moved].tenure)));
      await first.membership.leave();
    },
  },
  {
    name: "Membership.commit() leaves progress alone, and the other way round",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(first.membership, places);
      const progress = { topic, partition: 0, offset: 5, note: "kept" };
      await advance(first.membership, { ...progress, tenure });
      await first.membership.commit([{ topic, partition: 0, offset: 9 }, { topic, partition: 1, offset: 9 }]);
      const both = (await held(first.membership, places)).map((place) => place.progress);
      assertEquals(both, [progress, null], "what is for monitoring is no progress");
      await first.membership.leave();
      const second = await joinMember(log, { group, tasks });
      await second.until((assigned) => assigned.length === TASKS);
      await second.membership.commit([{ topic, partition: 0, offset: 10 }]);
      assertEquals((await held(second.membership, places))[0].progress, progress);
      await second.membership.leave();
    },
  },
  {
    name: "Membership.held() keeps groups and partitions apart, and knows nothing of a partition of no task",
    async run({ log }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const one = await joinMember(log, { group, tasks });
      const other = await joinMember(log, { group: uniqueName("other-group"), tasks });
      await one.until((assigned) => assigned.length === TASKS);
      await other.until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(one.membership, places);
      const progress = { topic, partition: 0, offset: 1, note: "one" };
      await advance(one.membership, { ...progress, tenure });
      assertEquals((await held(one.membership, places)).map((found) => found.progress), [progress, null]);
      assertEquals((await held(other.membership, places)).map((found) => found.progress), [null, null]);
      assertEquals(await held(one.membership, [{ topic, partition: TASKS }]), []);
      await assertOver(() => other.membership.advance(progress, tenure));
      await Promise.all([one.membership.leave(), other.membership.leave()]);
    },
  },
  {
    name: "Membership.held() finds what was advanced before the log was opened again",
    needs: ["reopen"],
    async run({ log, reopen }) {
      const { group, tasks, topic, places } = await newGroup(log);
      const first = await joinMember(log, { group, tasks });
      await first.until((assigned) => assigned.length === TASKS);
      const [{ tenure }] = await held(first.membership, places);
      const progress = { topic, partition: 0, offset: 1, note: "kept" };
      await advance(first.membership, { ...progress, tenure });
      const { log: again } = await reopen!();
      const second = await joinMember(again, { group, tasks });
      await second.until((assigned) => assigned.length === TASKS);
      const [next] = await held(second.membership, places);
      assertEquals(next.progress, progress);
      assertNotEquals(next.tenure, tenure);
      await second.membership.leave();
    },
  },
];
