import { assertEquals } from "@std/assert";
import { WorkQueue } from "../../../src/runtime/task/work_queue.ts";
import { DIRTY, Entries, PENDING } from "../../../src/state/entries.ts";
import { Links } from "../../../src/state/links.ts";
import { NO_SLOT, type Slot } from "../../../src/state/slots.ts";
import { SlotTable } from "../../../src/state/slot_table.ts";

/** A queue over entries that are made as they are asked for, one right row, and what was evaluated. */
function openQueue() {
  const entries = new Entries(1);
  const queue = new WorkQueue(entries);
  const rights = new SlotTable();
  const links = new Links(entries.keys, rights);
  const right = rights.add("right");
  const keys: unknown[] = [];
  const evaluate = (entry: Slot) => {
    entries.lower(entry, DIRTY);
    keys.push(entries.keys.keyOf(entry));
  };
  const entriesOf = (...wanted: number[]) =>
    wanted.map((key) => {
      const found = entries.keys.find(key);
      return found === NO_SLOT ? entries.keys.add(key) : found;
    });
  const markUsers = (users: Slot[]) => {
    for (const user of users) links.use(user, right);
    queue.markUsers(links, right);
  };
  return { queue, entries, entriesOf, markUsers, evaluate, take: () => keys.splice(0) };
}

Deno.test("WorkQueue evaluates what changed first first, also if more comes than a slice holds", () => {
  const { queue, entriesOf, evaluate, take } = openQueue();
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
  const { queue, entriesOf, markUsers, evaluate, take } = openQueue();
  const users = Array.from({ length: 40 }, (_, index) => 100 + index);
  markUsers(entriesOf(...users));
  const seen = new Set<unknown>();
  for (let turn = 0; turn < 20; turn++) {
    for (const entry of entriesOf(1, 2, 3, 4, 5, 6, 7, 8)) queue.mark(entry);
    queue.run(8, evaluate);
    for (const key of take()) seen.add(key);
  }
  assertEquals(users.filter((key) => !seen.has(key)), []);
});

Deno.test("WorkQueue.passed() tells when everything that waited at a moment is evaluated", () => {
  const { queue, entriesOf, markUsers, evaluate } = openQueue();
  const entries = entriesOf(1, 2, 3, 4);
  queue.mark(entries[0]);
  queue.mark(entries[1]);
  const two = queue.position;
  markUsers(entriesOf(...Array.from({ length: 20 }, (_, index) => 100 + index)));
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
  const { queue, entries, entriesOf, evaluate, take } = openQueue();
  const loaded = entriesOf(1, 2, 3);
  for (const entry of loaded) entries.raise(entry, PENDING);
  const waiting = [...loaded];
  queue.markAll(() => waiting.shift() ?? null);
  const all = queue.position;
  queue.run(2, evaluate);
  assertEquals(queue.passed(all), false);
  queue.run(2, evaluate);
  assertEquals([queue.passed(all), take()], [true, [1, 2, 3]]);
});

Deno.test("WorkQueue passes over an entry that was evaluated meanwhile, whose slot may be free", () => {
  const { queue, entries, entriesOf, evaluate, take } = openQueue();
  const [gone, other] = entriesOf(1, 2);
  queue.mark(gone);
  queue.mark(other);
  entries.keys.remove(gone);
  assertEquals([queue.run(10, evaluate), take()], [false, [2]]);
});
