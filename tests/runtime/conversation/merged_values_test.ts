import { assertEquals } from "@std/assert";
import { MergedValues } from "../../../src/runtime/conversation/merged_values.ts";
import type { Place } from "../../../src/runtime/conversation/messages.ts";

const VALUES = 100;
const isVoid = (_: number, { epoch }: Place) => epoch === 1;

/** Both homes have all values; those of home 0 are to be taken away. */
function opened() {
  const values = new MergedValues();
  const changed: unknown[] = [];
  const take = (home: number, change: { epoch?: number; value: number; held?: boolean }) => {
    const { epoch = 1, value, held = true } = change;
    return values.take({ home, epoch, seq: 1 }, { key: "g", column: 0, value: String(value), held });
  };
  for (let value = 0; value < VALUES; value++) for (const home of [0, 1]) take(home, { value });
  const sweep = values.takeAway([0], { isVoid, onChange: (key) => changed.push(key) });
  return { values, take, sweep, changed, count: () => values.count("g", 0) };
}

Deno.test("MergedValues counts a value once, until the last home has it no more", () => {
  const { take, count } = opened();
  assertEquals([take(0, { value: 7, held: false }), count()], [false, VALUES]);
  assertEquals([take(1, { value: 7, held: false }), count()], [true, VALUES - 1]);
  assertEquals([take(1, { value: 7, held: false }), take(2, { value: 8, held: false }), count()], [
    false,
    false,
    VALUES - 1,
  ]);
  assertEquals([take(2, { value: 7 }), take(2, { value: 7 }), count()], [true, false, VALUES]);
});

Deno.test("MergedValues.takeAway() takes what was not sent again, in steps", () => {
  const { values, take, sweep, changed, count } = opened();
  take(0, { epoch: 2, value: 3 });
  let steps = 0;
  while (!sweep.next().done) steps++;
  assertEquals([steps > 3, count(), changed.length], [true, VALUES, VALUES - 1]);
  values.leave("g", 1);
  assertEquals(count(), 1);
});

Deno.test("MergedValues.takeAway() goes on when the home leaves the group in the middle, and comes again", () => {
  const { values, take, sweep, count } = opened();
  sweep.next();
  values.leave("g", 0);
  take(0, { epoch: 2, value: 5 });
  while (!sweep.next().done);
  assertEquals(count(), VALUES);
  values.leave("g", 1);
  assertEquals(count(), 1, "that of home 0");
  values.leave("g", 0);
  assertEquals(count(), 0);
});
