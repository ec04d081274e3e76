import { assertEquals, assertThrows } from "@std/assert";
import { NumberLists } from "../../src/state/number_lists.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { loadAll, readerOf, sectionsOf } from "./memory_sections.ts";

function attempt({ seed, steps }: { readonly seed: number; readonly steps: number }): void {
  const choices = choicesOf(seed);
  let lists = new NumberLists();
  const held: number[][] = [];
  for (let step = 0; step < steps; step++) {
    if (held.length === 0 || (held.length < 50 && choices.chance(0.1))) {
      lists.grow(held.length);
      held.push([]);
    }
    const slot = choices.int(held.length);
    const value = choices.of([0, -1, 2 ** 31 - 1, choices.int(20)]);
    const what = choices.int(10);
    if (what < 7) {
      assertEquals(lists.add(slot, value), !held[slot].includes(value));
      if (!held[slot].includes(value)) held[slot].push(value);
    } else if (what < 9) {
      lists.keep(slot, (kept) => kept % 3 !== value % 3);
      held[slot] = held[slot].filter((kept) => kept % 3 !== value % 3);
    } else {
      lists.clear(slot);
      held[slot] = [];
    }
    assertEquals([...lists.values(slot)], held[slot]);
    assertEquals(lists.isEmpty(slot), held[slot].length === 0);
    if (!choices.chance(1 / 1_000)) continue;
    const sections = sectionsOf(lists);
    lists = new NumberLists();
    loadAll(lists.load(readerOf(sections)));
  }
  held.forEach((list, slot) => assertEquals([...lists.values(slot)], list));
}

Deno.test("NumberLists holds what arrays hold, also from a snapshot", () => {
  eachSeed(5, (seed) => attempt({ seed, steps: 20_000 }));
});

Deno.test("NumberLists reuses the room of numbers that were taken out", () => {
  const lists = new NumberLists();
  lists.grow(0);
  for (let value = 0; value < 1_000; value++) lists.add(0, value);
  const { bytes } = lists;
  for (let round = 0; round < 10; round++) {
    lists.clear(0);
    for (let value = 0; value < 1_000; value++) lists.add(0, value);
  }
  assertEquals(lists.bytes, bytes);
});

Deno.test("NumberLists refuses sections that do not fit", () => {
  const lists = new NumberLists();
  for (let slot = 0; slot < 4; slot++) lists.grow(slot);
  lists.add(1, 5);
  lists.add(1, 6);
  const sections = sectionsOf(lists);
  for (let at = 0; at < sections.length; at++) {
    assertThrows(() => loadAll(new NumberLists().load(readerOf(sections.slice(0, at)))), RangeError);
  }
  const twice = sections.with(2, new Uint8Array(Int32Array.of(5, 5).buffer));
  assertThrows(() => loadAll(new NumberLists().load(readerOf(twice))), RangeError);
});
