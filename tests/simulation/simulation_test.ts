import { assert, assertEquals } from "@std/assert";
import { MUTANTS } from "./mutants.ts";
import { runScenario, type ScenarioOptions } from "./scenario.ts";
import { tell } from "./story.ts";

const SEEDS = 16;
/** Deliberate bugs that show within a few seeds; `deno task sim --mutants` hunts all of them. */
const QUICK = [
  "fromlatest",
  "noepoch",
  "nohello",
  "nosub",
  "completeEarly",
  "unknownIsAbsent",
  "nobase",
  "mnosub",
  "noready",
];

async function assertEndsRight(seed: number, options: ScenarioOptions = {}): Promise<void> {
  const { violation } = await runScenario(seed, options);
  if (violation !== null) assertEquals(violation, null, await tell(seed, options));
}

Deno.test("a run ends right, and restarts without a write, whatever dies, repeats, is late or compacted", async () => {
  for (let seed = 20_001; seed <= 20_000 + SEEDS; seed++) {
    await assertEndsRight(seed);
  }
});

Deno.test("the runtime ends right under three times as many faults", async () => {
  for (let seed = 30_001; seed <= 30_000 + SEEDS / 2; seed++) {
    await assertEndsRight(seed, { heat: 3 });
  }
});

Deno.test("the simulation notices a rule that is taken away", async (t) => {
  for (const mutant of MUTANTS.filter(({ name }) => QUICK.includes(name))) {
    await t.step(`${mutant.name}: ${mutant.rule}`, async () => {
      const undo = mutant.apply?.() ?? (() => {});
      try {
        let caught = false;
        for (let seed = 1; seed <= 30 && !caught; seed++) {
          caught = (await runScenario(seed, mutant.options)).violation !== null;
        }
        assert(caught, `${mutant.name} was not noticed in 30 seeds`);
      } finally {
        undo();
      }
    });
  }
});
