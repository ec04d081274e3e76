import { assert, assertEquals } from "@std/assert";
import { mulberry32 } from "../../src/record/mulberry32.ts";

/** What the published C text gives for these seeds, compiled with gcc. */
const PUBLISHED: readonly [seed: number, numbers: readonly number[]][] = [
  [0, [1144304738, 1416247, 958946056, 627933444]],
  [1, [2693262067, 11749833, 2265367787, 4213581821]],
  [4711, [1559156938, 3114983318, 267822112, 2377600579]],
  [2 ** 31, [3524353788, 1924613307, 3365584844, 2199219949]],
  [2 ** 32 - 1, [3850105811, 813802916, 3073704848, 4054706436]],
];

Deno.test("mulberry32() gives the numbers of the published generator", async (t) => {
  for (const [seed, numbers] of PUBLISHED) {
    await t.step(`seed ${seed}`, () => {
      const next = mulberry32(seed);
      assertEquals(numbers.map(() => next() * 2 ** 32), [...numbers]);
    });
  }
});

Deno.test("mulberry32() takes the 32 bits of its seed, whatever its sign", () => {
  assertEquals(mulberry32(-1)(), mulberry32(2 ** 32 - 1)());
  assertEquals(mulberry32(2 ** 32 + 1)(), mulberry32(1)());
  assert(mulberry32(1)() !== mulberry32(2)());
});
