import { assertEquals } from "@std/assert";
import { WorkQueue } from "../../../src/runtime/task/work_queue.ts";
import { DIRTY, type Entry, PENDING } from "../../../src/state/entry.ts";
import type { RightEntry } from "../../../src/state/right_store.ts";

const entriesOf = (...keys: number[]) => keys.map((key) => ({ key, flags: 0 }) as unknown as Entry);
const rightOf = (users: Entry[]) => ({ users }) as unknown as RightEntry;

function evaluating() {
  const keys: unknown[] = [];
  const evaluate = (entry: Entry) => {
    entry.flags &= ~DIRTY;
    keys.push(entry.key);
  };
  return { evaluate, take: () => keys.splice(0) };
}

Deno.test("WorkQueue evaluates what changed first first, also if more comes than a slice holds", () => {
  const queue = new WorkQueue();
  const { evaluate, take } = evaluating();
  const entries = entriesOf(1, 2, 3, 4, 5, 6, 7, 8);
  for (const entry of entries.slice(0, 5)) queue.mark(entry);
  assertEquals([queue.run(2, evaluate), take()], [true, [1, 2]]);
  for (const entry of entries.slice(5)) queue.mark(entry);
  queue.mark(entries[3]);
  assertEquals([queue.run(4, evaluate), take()], [true, [3, 4, 5, 6]]);
  queue.mark(entries[0]);
  assertEquals([queue.run(10, evaluate), take(), queue.empty], [false, [7, 8, 1], true]);
});

Deno.test("WorkQueue walks the users of a right row though entries change all the time", () => {
  const queue = new WorkQueue();
  const { evaluate, take } = evaluating();
  const users = entriesOf(...Array.from({ length: 40 }, (_, index) => 100 + index));
  queue.markUsers(rightOf([...users]));
  const seen = new Set<unknown>();
  for (let turn = 0; turn < 20; turn++) {
    for (const entry of entriesOf(1, 2, 3, 4, 5, 6, 7, 8)) queue.mark(entry);
    queue.run(8, evaluate);
    for (const key of take()) seen.add(key);
  }
  assertEquals(users.filter(({ key }) => !seen.has(key)), []);
});

Deno.test("WorkQueue.passed() tells when everything that waited at a moment is evaluated", () => {
  const queue = new WorkQueue();
  const { evaluate } = evaluating();
  const entries = entriesOf(1, 2, 3, 4);
  queue.mark(entries[0]);
  queue.mark(entries[1]);
  const two = queue.position;
  queue.markUsers(rightOf(entriesOf(...Array.from({ length: 20 }, (_, index) => 100 + index))));
  const walk = queue.position;
  queue.mark(entries[2]);
  const three = queue.position;
  assertEquals([two, walk, three].map((mark) => queue.passed(mark)), [false, false, false]);
  queue.run(4, evaluate);
  assertEquals([two, walk, three].map((mark) => queue.passed(mark)), [true, false, false]);
  queue.run(100, evaluate);
  assertEquals([two, walk, three].map((mark) => queue.passed(mark)), [true, true, true]);
});

Deno.test("WorkQueue.passed() waits for the evaluation of all entries after a load", () => {
  const queue = new WorkQueue();
  const { evaluate, take } = evaluating();
  const entries = entriesOf(1, 2, 3);
  for (const entry of entries) entry.flags |= PENDING;
  queue.markAll(entries.values());
  const all = queue.position;
  queue.run(2, evaluate);
  assertEquals(queue.passed(all), false);
  queue.run(2, evaluate);
  assertEquals([queue.passed(all), take()], [true, [1, 2, 3]]);
});
