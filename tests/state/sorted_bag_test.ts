import { assertEquals } from "@std/assert";
import { Decimal } from "../../src/mod.ts";
import { SortedBag } from "../../src/state/sorted_bag.ts";
import { compareValues } from "../../src/state/value_order.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";

Deno.test("SortedBag knows the first values and the last of what was added and not removed", () => {
  eachSeed(6, (seed) => {
    const choices = choicesOf(seed);
    const bag = new SortedBag<number>((a, b) => a - b);
    const held: number[] = [];
    for (let turn = 0; turn < 3_000; turn++) {
      // It grows to hundreds of values and becomes empty again.
      if (choices.chance(turn < 1_500 ? 0.3 : 0.7)) {
        const value = held.length > 0 ? held.splice(choices.int(held.length), 1)[0] : 7;
        bag.remove(value);
        if (choices.chance(0.1)) bag.remove(-1);
      } else {
        const value = choices.int(2_000);
        held.push(value);
        bag.add(value);
      }
      if (turn % 7 !== 0) continue;
      const sorted = held.toSorted((a, b) => a - b);
      assertEquals(bag.first(3), sorted.slice(0, 3));
      assertEquals([bag.size, bag.last()], [sorted.length, sorted.at(-1)]);
    }
    assertEquals(bag.first(Infinity), held.toSorted((a, b) => a - b));
  });
});

Deno.test("compareValues() has one order of all values, in which only those of one form are equal", () => {
  const ascending = [
    null,
    false,
    true,
    -(2n ** 70n),
    -0.5,
    Decimal.parse("1.5"),
    Decimal.parse("1.50"),
    2,
    2n ** 64n,
    "",
    "a",
    "～",
    "😀",
    [1, 2],
    [3],
    { a: 1 },
  ];
  ascending.forEach((value, index) =>
    ascending.forEach((other, at) =>
      assertEquals(Math.sign(compareValues(value, other)), Math.sign(index - at), `${String(value)} ${String(other)}`)
    )
  );
});
