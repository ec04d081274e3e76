import { assert, assertEquals } from "@std/assert";
import { RETENTION_MUTANTS } from "./mutants.ts";
import { RETENTION_RULES, type RetentionRule } from "./rules.ts";
import { runRetentionScenario } from "./scenario.ts";

const SEEDS = 60;
/** Deliberate bugs that show within a few seeds; `deno task model --of retention --mutants` hunts all of them. */
const QUICK: readonly RetentionRule[] = ["acknowledged", "compared", "told", "toldFirst", "leftAlone", "readToEnd"];
const QUICK_SEEDS = 60;

Deno.test("the model of retention shows every window as its events make it, also those that nobody keeps", () => {
  for (let seed = 30_001; seed <= 30_000 + SEEDS; seed++) {
    assertEquals(runRetentionScenario(seed, { heat: 1, without: [] }).violation, null, `seed ${seed}`);
  }
});

Deno.test("the model of retention notices a rule that is taken away", async (t) => {
  assertEquals(RETENTION_MUTANTS.flatMap(({ without }) => without), [...RETENTION_RULES], "every rule has a mutant");
  for (const { without, effect } of RETENTION_MUTANTS) {
    if (!QUICK.includes(without[0])) continue;
    await t.step(`${without.join(" and ")}: ${effect}`, () => {
      let seed = 1;
      while (seed <= QUICK_SEEDS && runRetentionScenario(seed, { heat: 1, without }).violation === null) seed++;
      assert(seed <= QUICK_SEEDS, `not noticed in ${QUICK_SEEDS} seeds`);
    });
  }
});
