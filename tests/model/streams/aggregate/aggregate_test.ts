import { assert, assertEquals } from "@std/assert";
import { Choices } from "../../../simulation/choices.ts";
import type { Surroundings } from "../surroundings.ts";
import { Changelog, type GroupFact } from "./changelog.ts";
import { AGGREGATE_MUTANTS } from "./mutants.ts";
import { AGGREGATE_RULES, type AggregateRule } from "./rules.ts";
import { runAggregateScenario } from "./scenario.ts";
import { AGGREGATE_WORLD_KINDS } from "./world.ts";

const SEEDS = 40;
/** Deliberate bugs that show within a few seeds; `deno task model --of aggregate --mutants` hunts all of them. */
const QUICK: readonly AggregateRule[] = ["origin", "sendOrder", "positionLast", "groupPosition", "loadedAgain"];
const QUICK_SEEDS = 60;

for (const kind of AGGREGATE_WORLD_KINDS) {
  Deno.test(`the model of the aggregate counts every input once (${kind})`, () => {
    for (let seed = 20_001; seed <= 20_000 + SEEDS; seed++) {
      assertEquals(runAggregateScenario(seed, { kind, heat: 1, without: [] }).violation, null, `seed ${seed}`);
    }
  });
}

Deno.test("the model of the aggregate: one seed is one run", () => {
  const run = () => [...runAggregateScenario(7, { kind: "two owners", heat: 1, without: [] }).counts].sort();
  assertEquals(run(), run());
});

Deno.test("the model of the aggregate notices a rule that is taken away", async (t) => {
  assertEquals(AGGREGATE_MUTANTS.flatMap(({ without }) => without), [...AGGREGATE_RULES], "every rule has a mutant");
  for (const { without, world: kind = "all faults", effect } of AGGREGATE_MUTANTS) {
    if (!QUICK.includes(without[0])) continue;
    await t.step(`${without.join(" and ")}: ${effect}`, () => {
      let seed = 1;
      while (seed <= QUICK_SEEDS && runAggregateScenario(seed, { kind, heat: 1, without }).violation === null) seed++;
      assert(seed <= QUICK_SEEDS, `not noticed in ${QUICK_SEEDS} seeds`);
    });
  }
});

interface Still extends Surroundings<AggregateRule> {
  now: number;
}

/** A world in which nothing happens by itself. */
function still(): Still {
  return { choices: new Choices(1), now: 0, faults: false, keeps: () => true, count: () => {} };
}

const fact = (position: number): GroupFact => ({ kind: "group", group: 1, position, items: [] });

Deno.test("Changelog.produce() takes each batch once", () => {
  const changelog = new Changelog(still());
  const produce = (seq: number) => {
    changelog.produce({ producer: "p", seq, records: [{ key: "k", begun: 1, fact: fact(seq) }] });
    return changelog.log.end;
  };
  assertEquals([produce(1), produce(2), produce(1)], [1, 2, 2]);
});

Deno.test("Changelog.compact() hides nothing behind a record that is younger than the lag", () => {
  const world = still();
  const changelog = new Changelog(world);
  for (const time of [0, 10, 30]) {
    world.now = time;
    changelog.produce({ producer: "p", seq: time + 1, records: [{ key: "k", begun: 1, fact: fact(time) }] });
  }
  const left = (compactionLag: number) => {
    for (let times = 0; times < 20; times++) changelog.compact(world.choices, { compactionLag });
    return changelog.log.records.map(({ time }) => time);
  };
  assertEquals([left(25), left(20), left(0)], [[0, 10, 30], [10, 30], [30]]);
});
