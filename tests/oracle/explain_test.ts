import { assert } from "@std/assert";
import { type Case, run } from "./case.ts";
import { explainAll } from "./explained.ts";
import { changePlain, randomHistory } from "./history.ts";
import { PARTITIONS } from "./plain_tables.ts";
import { choicesOf } from "./random.ts";
import { randomPlan } from "./random_plan.ts";
import { report } from "./report.ts";

/** `WEIR_ORACLE_SEEDS=from,count` runs others. */
const [from, histories] = (Deno.env.get("WEIR_ORACLE_SEEDS") ?? "1,40").split(",").map(Number);

/** Lives random lives, and asks why everything is as it is. Each of these outcomes must come. */
async function explains(
  { name, expected, caseOf }: {
    readonly name: string;
    readonly expected: readonly string[];
    readonly caseOf: (seed: number) => Case;
  },
): Promise<void> {
  const met = new Set<string>();
  for (let seed = from; seed < from + histories; seed++) {
    const life = caseOf(seed);
    const failure = await run(life, async (driver) => {
      for (const outcome of (await explainAll(driver, life)).keys()) met.add(outcome);
    });
    if (failure !== null) throw new Error(`${name} seed ${seed} fails:\n${report(life, failure)}`);
  }
  if (histories < 40) return;
  for (const outcome of expected) assert(met.has(outcome), `${outcome} among ${[...met].join(", ")}`);
}

Deno.test(`explain() agrees with the oracle in ${histories} random topologies, seeds from ${from}`, () =>
  explains({
    name: "plain",
    expected: ["shown", "filtered", "no partner", "null key", "unknown"],
    caseOf(seed) {
      const choices = choicesOf(seed);
      const topology = randomPlan(choices);
      const sliceRows = choices.of([1, 2, 2_000]);
      const events = randomHistory(choices, changePlain);
      return { topology, partitions: PARTITIONS, sliceRows, snapshots: seed % 2 === 0, events };
    },
  }));

Deno.test(`explain() agrees with the oracle where rows are refused and grow old, seeds from ${from}`, () =>
  explains({
    name: "refusing",
    expected: ["shown", "filtered", "no partner", "null key", "unknown", "dead letter", "expired"],
    caseOf(seed) {
      const choices = choicesOf(seed);
      const topology = randomPlan(choices, { spoils: true, expires: choices.chance(0.5) });
      const sliceRows = choices.of([1, 2, 2_000]);
      const refusals = choices.chance(0.5);
      const events = randomHistory(choices, changePlain, { passes: true });
      return { topology, partitions: PARTITIONS, sliceRows, refusals, events };
    },
  }));
