import { assert, assertEquals } from "@std/assert";
import { Budget, type Edit, minimise, simplify } from "./shrink.ts";

const plenty = () => new Budget({ attemptsMax: 10_000, msMax: 60_000 });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

Deno.test("minimise() leaves the items without which it does not fail, in their order", async (t) => {
  for (const needed of [[], [0], [99], [50], [3, 4, 5], [0, 50, 99], [7, 31, 32, 64, 98]]) {
    await t.step(`needed: ${needed}`, async () => {
      const fails = (items: readonly number[]) => Promise.resolve(needed.every((item) => items.includes(item)));
      assertEquals(await minimise(numbers(100), plenty(), fails), needed);
    });
  }
});

Deno.test("minimise() removes what can go only after something else went", async () => {
  // Each item needs the one before it; none is needed at all.
  const fails = (items: readonly number[]) =>
    Promise.resolve(items.every((item) => item === 0 || items.includes(item - 1)) && items.includes(0));
  assertEquals(await minimise(numbers(9), plenty(), fails), [0]);
});

Deno.test("minimise() asks for the same candidates each time, never for the list that is known to fail", async () => {
  const asked = async () => {
    const candidates: string[] = [];
    await minimise(numbers(40), plenty(), (items) => {
      candidates.push(items.join());
      return Promise.resolve(items.includes(11) && items.includes(12));
    });
    return candidates;
  };
  const candidates = await asked();
  assertEquals(await asked(), candidates);
  assert(!candidates.includes(numbers(40).join()));
});

Deno.test("minimise() ends with its budget, and what it returns fails", async () => {
  const budget = new Budget({ attemptsMax: 12, msMax: 60_000 });
  const fails = (items: readonly number[]) => Promise.resolve(items.includes(5) && items.includes(90));
  const kept = await minimise(numbers(100), budget, fails);
  assertEquals(budget.attempts, 12);
  assert(kept.length < 100 && await fails(kept));
});

Deno.test("minimise() makes no attempt when no time is left", async () => {
  const kept = await minimise(
    [1, 2],
    new Budget({ attemptsMax: 9, msMax: 0 }),
    () => Promise.reject(new Error("asked")),
  );
  assertEquals(kept, [1, 2]);
});

Deno.test("simplify() repeats its edits until none is possible", async () => {
  const half: Edit<number> = (value) => value > 1 ? Math.floor(value / 2) : null;
  const less: Edit<number> = (value) => value > 0 ? value - 1 : null;
  const fails = (value: number) => Promise.resolve(value >= 37);
  assertEquals(await simplify(1_000, plenty(), { edits: [half, less], fails }), 37);
});

Deno.test("simplify() ends with its budget", async () => {
  const less: Edit<number> = (value) => value - 1;
  const budget = new Budget({ attemptsMax: 3, msMax: 60_000 });
  assertEquals(await simplify(10, budget, { edits: [less], fails: () => Promise.resolve(true) }), 7);
});
