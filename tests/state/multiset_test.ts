import { assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/mod.ts";
import { compareOrdered, Multiset, type Ordered } from "../../src/state/multiset.ts";
import { choicesOf } from "../oracle/random.ts";

Deno.test("Multiset.first() is the smallest, or the greatest, of what was added and not removed", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const choices = choicesOf(seed);
    for (const sign of [1, -1] as const) {
      const set = new Multiset(sign);
      const held: number[] = [];
      for (let turn = 0; turn < 2_000; turn++) {
        if (held.length > 0 && choices.chance(0.5)) set.remove(held.splice(choices.int(held.length), 1)[0]);
        else {
          const value = choices.int(40) - 20;
          held.push(value);
          set.add(value);
        }
        const expected = held.length === 0 ? null : sign === 1 ? Math.min(...held) : Math.max(...held);
        assertEquals(set.first(), expected, `seed ${seed}, turn ${turn}`);
      }
    }
  }
});

Deno.test("Multiset counts equal values of different scales and forms as one", () => {
  const set = new Multiset(1);
  set.add(Decimal.parse("1.50"));
  set.add(Decimal.parse("1.5"));
  set.remove(Decimal.parse("1.500"));
  assertEquals(String(set.first()), "1.50");
  set.remove(Decimal.parse("1.5"));
  assertEquals(set.first(), null);
});

Deno.test("Multiset forgets what was removed, also when it never comes up", () => {
  const set = new Multiset(-1);
  set.add(1_000_000);
  for (let value = 0; value < 10_000; value++) {
    set.add(value);
    if (value >= 10) set.remove(value - 10);
  }
  assertEquals(set.first(), 1_000_000);
  assertEquals(set.size < 100, true, `${set.size} values are held for 11`);
  set.remove(1_000_000);
  assertEquals(set.first(), 9_999);
});

Deno.test("Multiset ignores the removal of what it does not hold", () => {
  const set = new Multiset(1);
  set.remove(3);
  set.add(4);
  set.remove(4);
  set.remove(4);
  set.add(4);
  assertEquals(set.first(), 4);
});

Deno.test("compareOrdered() orders numbers, bigints, decimals and texts, and refuses text beside a decimal", () => {
  const ascending: readonly Ordered[][] = [[-1, 0, 2 ** 53, 2n ** 60n], ["", "a", "b"], [
    Decimal.parse("-0.01"),
    0,
    Decimal.parse("0.1"),
    1n,
  ]];
  for (const list of ascending) {
    list.forEach((value, index) => {
      list.forEach((other, at) => assertEquals(Math.sign(compareOrdered(value, other)), Math.sign(index - at)));
    });
  }
  assertThrows(() => compareOrdered("1", Decimal.parse("1")), TypeError, "values of one type");
});

Deno.test("compareOrdered() compares numbers of all forms exactly, and texts by code point", () => {
  const lists: readonly (readonly Ordered[])[] = [
    [-1e300, -(10n ** 60n), -0.5, 5e-324, Decimal.parse("0.1"), 0.1, 0.5, 2n ** 64n, Decimal.parse("1e30"), 10n ** 60n],
    ["", "a", "\uff5e", "😀"],
  ];
  for (const list of lists) {
    list.forEach((value, index) =>
      list.forEach((other, at) => assertEquals(Math.sign(compareOrdered(value, other)), Math.sign(index - at)))
    );
  }
});
