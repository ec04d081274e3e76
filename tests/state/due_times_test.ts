import { assertEquals, assertThrows } from "@std/assert";
import { DueTimes } from "../../src/state/due_times.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { loadAll, readerOf, sectionsOf } from "./memory_sections.ts";

/** Slots in the order in which they are due; of equal times any may come first. */
function taken(due: DueTimes): [number, number[]][] {
  const byTime: [number, number[]][] = [];
  while (due.size > 0) {
    const time = due.first;
    const slot = due.take();
    if (byTime.at(-1)?.[0] === time) byTime.at(-1)![1].push(slot);
    else byTime.push([time, [slot]]);
  }
  return byTime.map(([time, slots]) => [time, slots.sort((a, b) => a - b)]);
}

function expected(times: ReadonlyMap<number, number>): [number, number[]][] {
  const byTime = Map.groupBy(times, ([, time]) => time);
  return [...byTime].map(([time, slots]): [number, number[]] => [
    time,
    slots.map(([slot]) => slot).sort((a, b) => a - b),
  ]).sort(([a], [b]) => a - b);
}

function attempt(seed: number): void {
  const choices = choicesOf(seed);
  let due = new DueTimes();
  const held = new Map<number, number>();
  const slots = 1 + choices.int(300);
  due.grow(slots - 1);
  for (let step = 0; step < 3_000; step++) {
    const slot = choices.int(slots);
    const what = choices.int(10);
    if (what < 6) {
      const time = choices.of([choices.int(50), choices.int(1e9), step, -1 - choices.int(9)]);
      due.set(slot, time);
      held.set(slot, time);
    } else if (what < 8) {
      if (what === 6) due.set(slot, Infinity);
      else due.clear(slot);
      held.delete(slot);
    } else if (held.size > 0) {
      const { first } = due;
      assertEquals(first, Math.min(...held.values()));
      const next = due.take();
      assertEquals(held.get(next), first);
      held.delete(next);
    }
    assertEquals(due.size, held.size);
    assertEquals(due.timeOf(slot), held.get(slot) ?? Infinity);
    if (!choices.chance(1 / 300)) continue;
    const time = choices.of([25, step, 5e8, Infinity]);
    const early = [...held].filter(([, of]) => of <= time).map(([slot]) => slot);
    assertEquals([...due.upTo(time)].sort((a, b) => a - b), early.sort((a, b) => a - b));
    const sections = sectionsOf(due);
    due = new DueTimes();
    due.grow(slots - 1);
    loadAll(due.load(readerOf(sections)));
  }
  assertEquals(taken(due), expected(held));
}

Deno.test("DueTimes gives slots in the order of their times, whatever was changed, removed or loaded", () => {
  eachSeed(20, attempt);
});

Deno.test("DueTimes forgets a slot that its table gives back", () => {
  const keys = new SlotTable();
  const due = keys.attach(new DueTimes());
  const [first, second] = [keys.add("a"), keys.add("b")];
  due.set(first, 1);
  due.set(second, 2);
  keys.remove(first);
  assertEquals([due.first, due.size], [2, 1]);
  assertEquals(keys.add("c"), first);
  assertEquals(due.timeOf(first), Infinity);
});

Deno.test("DueTimes.load() refuses what no table of this size can have", () => {
  const due = new DueTimes();
  due.grow(9);
  for (let slot = 0; slot < 10; slot++) due.set(slot, 10 - slot);
  const small = new DueTimes();
  small.grow(3);
  assertThrows(() => loadAll(small.load(readerOf(sectionsOf(due)))), RangeError, "damaged");
});

Deno.test("DueTimes holds millions of times off the heap, in chunks", () => {
  const due = new DueTimes();
  const slots = 300_000;
  due.grow(slots - 1);
  for (let slot = 0; slot < slots; slot++) due.set(slot, (slot * 7_919) % slots);
  assertEquals(due.bytes / slots < 19, true);
  for (let time = 0; time < slots; time++) assertEquals([due.first, due.timeOf(due.take())], [time, Infinity]);
});
