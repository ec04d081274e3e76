import { assert, assertEquals, assertRejects } from "@std/assert";
import { MUTANTS } from "./mutants.ts";
import { runScenario } from "./scenario.ts";
import { repeat, shrinkSeed } from "./shrink_seed.ts";
import { storyOf } from "./story.ts";
import { Trail } from "./trail.ts";

const CHANGES_MAX = 10;
/** More time than a failing seed takes, so that a busy machine makes no difference. */
const LIMITS = { attemptsMax: 300, msMax: 60_000 };

Deno.test("Trail: a seed runs the same whether it is recorded, followed or neither", async () => {
  for (let seed = 40_001; seed <= 40_004; seed++) {
    const trail = Trail.record();
    const recorded = await runScenario(seed, { heat: 3, trail });
    assertEquals(recorded, await runScenario(seed, { heat: 3 }));
    const kept = trail.happened.map(({ id }) => id);
    assertEquals(new Set(kept).size, kept.length);
    const following = trail.follow({ kept, schedule: 0 });
    assertEquals(await runScenario(seed, { heat: 3, trail: following }), recorded);
    assertEquals(following.happened, trail.happened);
  }
});

Deno.test("Trail: what is left out does not happen, and nothing comes instead", async () => {
  const trail = Trail.record();
  const { crashes } = await runScenario(40_001, { heat: 3, trail });
  const kills = trail.happened.filter(({ kind }) => kind === "kill");
  assert(kills.length > 0);
  const rest = trail.happened.filter(({ kind }) => kind !== "kill").map(({ id }) => id);
  const following = trail.follow({ kept: rest, schedule: 0 });
  const without = await runScenario(40_001, { heat: 3, trail: following });
  assert(without.crashes < crashes);
  assert(following.happened.every(({ id }) => rest.includes(id)));
  assertEquals(without.violation, null);
});

for (const name of ["unknownIsAbsent", "nosub", "nobase"]) {
  Deno.test(`shrinkSeed() leaves at most ${CHANGES_MAX} changes when a rule is taken away: ${name}`, async () => {
    const { apply, options = {} } = MUTANTS.find((mutant) => mutant.name === name)!;
    const undo = apply?.() ?? (() => {});
    try {
      let seed = 1;
      while ((await runScenario(seed, options)).violation === null) seed++;
      const smallest = await shrinkSeed(seed, options, LIMITS);
      const changes = smallest.kept.filter(({ kind }) => kind === "change").length;
      assert(changes <= CHANGES_MAX, storyOf(smallest));
      assert(smallest.kept.length < smallest.drawn.length);
      const following = { kept: smallest.kept.map(({ id }) => id), schedule: smallest.schedule };
      assertEquals((await repeat(seed, options, following)).violation, smallest.violation);
      undo();
      assertEquals((await repeat(seed, options, following)).violation, null, "with the rule it does not fail");
    } finally {
      undo();
    }
  });
}

Deno.test("shrinkSeed() refuses a seed that does not fail", async () => {
  await assertRejects(() => shrinkSeed(1), TypeError, "nothing goes wrong");
});

Deno.test("storyOf() gives what happened in order, and the command that repeats it", () => {
  const kept = [
    { id: "A.change", kind: "change", detail: "delete goods 2" },
    { id: "A17.kill", kind: "kill", detail: "i1" },
  ];
  const story = storyOf({
    seed: 5,
    options: { heat: 3 },
    drawn: kept,
    kept,
    schedule: 2,
    violation: "A facts lacks x",
  });
  assertEquals(story.split("\n"), [
    "seed 5 fails when only this happens (2 of 2; changes: 1):",
    "  A.change  delete goods 2",
    "  A17.kill  i1",
    "A facts lacks x",
    "again: deno task sim --heat 3 --seed 5 --schedule 2 --keep A.change,A17.kill",
  ]);
});
