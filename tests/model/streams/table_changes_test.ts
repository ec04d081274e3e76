import { assert, assertEquals } from "@std/assert";
import { ALL_RULES, type ChangeRules, runChanges } from "./table_changes.ts";

const SEEDS = 5_000;
const MUTANT_SEEDS = 5_000;

Deno.test("each change of a table is told once, in order, and the last one always, whatever comes late", () => {
  for (let seed = 1; seed <= SEEDS; seed++) assertEquals(runChanges(seed), null, `seed ${seed}`);
});

for (const rule of Object.keys(ALL_RULES) as (keyof ChangeRules)[]) {
  Deno.test(`without the rule ${rule} something is wrong`, () => {
    const rules = { ...ALL_RULES, [rule]: false };
    const seeds = Array.from({ length: MUTANT_SEEDS }, (_, at) => at + 1);
    assert(seeds.some((seed) => runChanges(seed, rules) !== null), `${MUTANT_SEEDS} seeds notice nothing`);
  });
}
