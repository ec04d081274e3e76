import { parseArgs } from "node:util";
import { type Mutant, MUTANTS } from "./mutants.ts";
import { runScenario } from "./scenario.ts";

const HELP = `deno task sim: the real runtime on simulated ports, one seed one history and one schedule of faults

  --seeds N     seeds to run (default 200)
  --from N      first seed (default 1)
  --heat N      multiplies the number of faults (default 1)
  --mutants     take away one rule of the algorithm at a time: each must be noticed
  --only NAME   with --mutants: this one
  --seed N      with a violation: run this seed alone`;
const MUTANT_SEEDS = 400;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    heat: { type: "string", default: "1" },
    seed: { type: "string" },
    only: { type: "string" },
    mutants: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Runs seeds; returns how many were violated. */
async function runSeeds(from: number, count: number, heat: number): Promise<number> {
  let violations = 0;
  const sum = { steps: 0, crashes: 0, restarts: 0 };
  const startMs = Date.now();
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await runScenario(seed, { heat });
    sum.steps += outcome.steps;
    sum.crashes += outcome.crashes;
    sum.restarts += outcome.restarts;
    if (outcome.violation !== null && ++violations <= 10) console.log(`seed ${seed}: ${outcome.violation}`);
    if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} of ${count} seeds, ${violations} violations`);
  }
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${count} seeds from ${from}, heat ${heat}: ${violations} violations; ${sum.steps} steps, ${sum.crashes} crashes, ` +
      `${sum.restarts} task restarts, ${seconds} s`,
  );
  return violations;
}

/** Looks for a seed that notices the bug. */
async function hunt(mutant: Mutant): Promise<boolean> {
  const undo = mutant.apply?.() ?? (() => {});
  try {
    const seeds = mutant.seedsMax ?? MUTANT_SEEDS;
    for (let seed = 1; seed <= seeds; seed++) {
      const { violation } = await runScenario(seed, mutant.options);
      if (violation === null) continue;
      console.log(
        `caught  ${mutant.name.padEnd(18)} seed ${String(seed).padEnd(5)} ${violation.split("\n")[0].slice(0, 90)}`,
      );
      return true;
    }
    console.log(`MISSED  ${mutant.name.padEnd(18)} ${seeds} seeds   rule: ${mutant.rule}`);
    return false;
  } finally {
    undo();
  }
}

if (values.help) {
  console.log(HELP);
} else if (values.mutants) {
  let missed = 0;
  const chosen = MUTANTS.filter((mutant) => values.only === undefined || mutant.name === values.only);
  for (const mutant of chosen) if (!await hunt(mutant)) missed++;
  console.log(`${chosen.length - missed} of ${chosen.length} deliberate bugs caught`);
  if (missed > 0) Deno.exit(1);
} else {
  const from = Number(values.seed ?? values.from);
  const violations = await runSeeds(from, values.seed === undefined ? Number(values.seeds) : 1, Number(values.heat));
  if (violations > 0) Deno.exit(1);
}
