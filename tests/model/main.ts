import { parseArgs } from "node:util";
import { type Mutant, MUTANTS } from "./mutants.ts";
import { RULES } from "./rules.ts";
import { runScenario } from "./scenario.ts";
import { WORLD_KINDS } from "./world.ts";

const HELP = `deno task model: the algorithm alone, as a model; one seed one history and one schedule of faults

  --seeds N     seeds to run (default 200); with --mutants at most so many for each (default 3000)
  --from N      first seed (default 1)
  --heat N      multiplies the number of faults (default 1)
  --world KIND  "all faults" (default), "intact directories": nobody touches what processes have written, or "alone":
                one instance, which is killed and nothing else, so that every snapshot must be of use
  --mutants     take away one rule at a time: each must be noticed
  --only RULE   with --mutants: those that take this rule away
  --without R,S without these rules
  --counts      how often everything happened`;
const MUTANT_SEEDS = "3000";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    heat: { type: "string", default: "1" },
    world: { type: "string", default: "all faults" },
    without: { type: "string" },
    mutants: { type: "boolean", default: false },
    only: { type: "string" },
    counts: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const heat = Number(values.heat);
const kind = named(WORLD_KINDS, values.world);
const without = values.without?.split(",").map((name) => named(RULES, name)) ?? [];

function named<Name extends string>(names: readonly Name[], name: string): Name {
  const found = names.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  console.error(`Cannot find "${name}": there are ${names.join(", ")}`);
  Deno.exit(2);
}

/** Runs seeds; returns how many were violated. */
function runSeeds(count: number): number {
  const totals = new Map<string, number>();
  const startMs = Date.now();
  let violations = 0;
  for (let seed = from; seed < from + count; seed++) {
    const { violation, counts } = runScenario(seed, { without, heat, kind });
    for (const [name, times] of counts) totals.set(name, (totals.get(name) ?? 0) + times);
    if (violation !== null && ++violations <= 10) console.log(`seed ${seed}: ${violation}`);
  }
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  console.log(`${count} seeds from ${from}, ${kind}, heat ${heat}: ${violations} violations, ${seconds} s`);
  if (values.counts) {
    for (const [name, times] of [...totals].sort()) console.log(`${String(times).padStart(10)} ${name}`);
  }
  return violations;
}

/** Looks for seeds that notice the bug; true if there is one. */
function hunt({ without, world = "all faults", effect }: Mutant, count: number): boolean {
  for (let seed = from; seed < from + count; seed++) {
    const { violation } = runScenario(seed, { without, heat, kind: world });
    if (violation === null) continue;
    console.log(`${without.join(" + ")}: noticed by seed ${seed}: ${violation}`);
    return true;
  }
  console.log(`${without.join(" + ")}: NOT NOTICED in ${count} seeds (${effect})`);
  return false;
}

if (values.help) console.log(HELP);
else if (values.mutants) {
  const mutants = MUTANTS.filter(({ without }) =>
    values.only === undefined || without.includes(named(RULES, values.only))
  );
  const missed = mutants.filter((mutant) => !hunt(mutant, Number(values.seeds ?? MUTANT_SEEDS)));
  console.log(`${mutants.length - missed.length} of ${mutants.length} mutants noticed`);
  if (missed.length > 0) Deno.exit(1);
} else if (runSeeds(Number(values.seeds ?? "200")) > 0) Deno.exit(1);
