import { assert, assertEquals } from "@std/assert";
import { RETENTION_MUTANTS } from "./mutants.ts";
import { RETENTION_RULES, type RetentionRule, SESSION_RULES } from "./rules.ts";
import { runRetentionScenario } from "./scenario.ts";
import { RETENTION_WORLD_KINDS } from "./world.ts";

const SEEDS = 60;
/** Deliberate bugs that show within a few seeds; `deno task model --of retention --mutants` hunts all of them. */
const QUICK: readonly RetentionRule[] = ["acknowledged", "proven", "compared", "writtenOnce", "told", "toldFirst"];
const QUICK_SEEDS = 60;

for (const kind of RETENTION_WORLD_KINDS) {
  Deno.test(`the model of retention shows all ${kind} as their events make them, also those that nobody keeps`, () => {
    for (let seed = 30_001; seed <= 30_000 + SEEDS; seed++) {
      assertEquals(runRetentionScenario(seed, { heat: 1, without: [], kind }).violation, null, `seed ${seed}`);
    }
  });
}

Deno.test("the model of retention notices a rule that is taken away", async (t) => {
  const rules = [...RETENTION_RULES, ...SESSION_RULES];
  assertEquals(RETENTION_MUTANTS.flatMap(({ without }) => without), rules, "every rule has a mutant");
  for (const { without, effect, world: kind } of RETENTION_MUTANTS) {
    if (!QUICK.includes(without[0])) continue;
    await t.step(`${without.join(" and ")}: ${effect}`, () => {
      let seed = 1;
      while (seed <= QUICK_SEEDS && runRetentionScenario(seed, { heat: 1, without, kind }).violation === null) seed++;
      assert(seed <= QUICK_SEEDS, `not noticed in ${QUICK_SEEDS} seeds`);
    });
  }
});
