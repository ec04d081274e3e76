import { assertEquals, assertThrows } from "@std/assert";
import { Chores } from "../../../src/state/chores.ts";
import { Entries } from "../../../src/state/entries.ts";
import { Expiry } from "../../../src/runtime/task/expiry.ts";
import { WorkQueue } from "../../../src/runtime/task/work_queue.ts";
import { readerOf, sectionsOf } from "../../state/memory_sections.ts";

const MINUTE_US = 60_000_000;

/** Entries with a time each, and what is evaluated of them. */
function open(times: readonly number[]) {
  const entries = new Entries(1);
  const counted: number[] = [];
  const expiry = new Expiry(entries, (rows) => counted.push(rows));
  const queue = new WorkQueue(entries);
  const chores = new Chores();
  const kept = new Map<number, boolean>();
  const evaluate = (entry: number) => {
    entries.lower(entry, 0xff);
    expiry.begin();
    kept.set(entry, expiry.keeps(times[entry]));
    expiry.end(entry);
  };
  times.forEach((_, index) => entries.keys.add(index));
  /** At this time, everything is evaluated that is due, so many entries a turn. Returns which are there. */
  const at = (nowUs: number, sliceRows = 100): number[] => {
    expiry.advance(nowUs);
    for (let turn = 0; expiry.waits || !queue.empty || !chores.empty; turn++) {
      expiry.work({ queue, chores, sliceRows }, evaluate);
      queue.run(sliceRows, evaluate);
      chores.run(sliceRows);
    }
    return [...kept].flatMap(([entry, there]) => there ? [entry] : []);
  };
  return {
    expiry,
    queue,
    chores,
    counted,
    at,
    begin: (nowUs: number) => {
      expiry.advance(nowUs);
      times.forEach((_, entry) => evaluate(entry));
    },
    evaluate,
  };
}

Deno.test("Expiry: entries are due in slices, each once, when now has reached their time", () => {
  const { at, begin, counted, expiry } = open([10, 20, 20, 20, Infinity, 5]);
  begin(5);
  assertEquals([at(5), expiry.nextUs, counted], [[0, 1, 2, 3, 4], 10, []]);
  assertEquals(at(19), [1, 2, 3, 4]);
  assertEquals([at(20, 2), counted, expiry.nextUs], [[4], [1, 2, 1], Infinity]);
});

Deno.test("Expiry: a clock set back a little stands still; further, everything is evaluated as of then", () => {
  const { at, begin } = open([10 * MINUTE_US, 20 * MINUTE_US]);
  begin(0);
  assertEquals(at(10 * MINUTE_US), [1]);
  assertEquals(at(9 * MINUTE_US), [1]);
  assertEquals(at(9 * MINUTE_US - 1), [0, 1]);
  assertEquals(at(10 * MINUTE_US), [1]);
  assertEquals(at(25 * MINUTE_US), []);
  assertEquals(at(0), [0, 1]);
});

Deno.test("Expiry: an entry is settled only until its time", () => {
  const { begin, expiry, evaluate } = open([10]);
  begin(0);
  expiry.advance(9);
  assertEquals(expiry.isDue(0), false);
  expiry.advance(10);
  assertEquals([expiry.isDue(0), expiry.waits], [true, true]);
  evaluate(0);
  assertEquals([expiry.isDue(0), expiry.waits], [false, false]);
});

Deno.test("Expiry: a snapshot says of which time its entries are", () => {
  const { begin, expiry } = open([10 * MINUTE_US]);
  begin(11 * MINUTE_US);
  const later = open([10 * MINUTE_US]);
  const sections = sectionsOf({ save: (to) => expiry.save(to) });
  later.expiry.load(readerOf(sections));
  assertEquals(later.at(10 * MINUTE_US), [], "the clock of the next start is a little behind");
  later.expiry.load(readerOf(sectionsOf({ save: (to) => expiry.save(to) })));
  assertEquals(later.at(0), [0], "or set back");
  assertThrows(() => later.expiry.load(readerOf([new Uint8Array(16)])), RangeError);
});
