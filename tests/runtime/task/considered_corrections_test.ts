import { assertEquals, assertThrows } from "@std/assert";
import type { Correction } from "../../../src/record/correction.ts";
import { CorrectionBook } from "../../../src/runtime/globals/corrections.ts";
import { ConsideredCorrections } from "../../../src/runtime/task/considered_corrections.ts";

const TOPIC = { name: "shop.things", id: "1" };

function correction(offset: number, value: string, { print } = { print: 7 }): Correction {
  const place = { topic: TOPIC.name, topicId: TOPIC.id, partition: 0, offset };
  return { ...place, key: "{}", timestampMs: 0, print, changed: null, value };
}

/** What corrects one partition, and rows that are read from it. */
function opened(book = new CorrectionBook()) {
  const corrections = [book.of(TOPIC, 0)];
  return { book, rows: new ConsideredCorrections(corrections), again: new ConsideredCorrections(corrections) };
}

const YES = () => true;
const NO = () => false;

/** Offsets of what is to be taken before a position. */
function since(rows: ConsideredCorrections, position: number): number[] {
  return [...rows.since(0, position)].map(([{ offset }]) => offset);
}

Deno.test("what nobody has told the rows is not in them, and what they were saved as says so", () => {
  const { book, rows, again } = opened();
  rows.took(0, [{ offset: 0 }, { offset: 1 }, { offset: 2 }]);
  book.add(correction(1, "told"));
  rows.told(0, 1);
  // Such as while a standby waits to become the task.
  book.add(correction(2, "not told"));
  assertEquals([since(rows, 3), rows.isWhole(NO), rows.isWhole(YES)], [[2], true, false]);
  again.load(rows.save()(), NO);
  assertEquals(since(again, 3), [2]);
  assertThrows(() => opened(book).again.load(rows.save()(), YES), RangeError, "was corrected since");
});

Deno.test("a record is taken with all that is known to correct it by then", () => {
  const { book, rows } = opened();
  book.add(correction(1, "before"));
  rows.took(0, [{ offset: 0 }, { offset: 1 }]);
  assertEquals(since(rows, 2), []);
  book.add(correction(1, "another"));
  assertEquals(since(rows, 2), [1]);
  rows.tear();
  assertEquals(rows.isWhole(NO), false);
});

Deno.test("a correction that is written again is one, and of another record at its place it is another", () => {
  const book = new CorrectionBook();
  book.add(correction(1, "same"));
  book.add(correction(1, "same"));
  assertEquals(book.of(TOPIC, 0).byOffset.get(1)!.length, 1);
  book.add(correction(1, "same", { print: 8 }));
  assertEquals(book.of(TOPIC, 0).byOffset.get(1)!.map(({ print }) => print), [7, 8]);
});
