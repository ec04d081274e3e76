import { parseArgs } from "node:util";
import type { Mutant } from "./mutant.ts";
import { Choices } from "./choices.ts";
import { MUTANTS } from "./mutants.ts";
import { profileOf } from "./profile.ts";
import { runScenario, type ScenarioOptions } from "./scenario.ts";
import { repeat } from "./shrink_seed.ts";
import { tell } from "./story.ts";

const HELP = `deno task sim: the real runtime on simulated ports, one seed one history and one schedule of faults

  --seeds N     seeds to run (default 200)
  --from N      first seed (default 1)
  --heat N      multiplies the number of faults (default 1)
  --mutants     take away one rule of the algorithm at a time: each must be noticed
  --only NAME   with --mutants: this one
  --seed N      this seed alone; with --only: what goes wrong in it
  --keep LIST   with --seed: only this happens of all that the seed draws
  --schedule N  with --keep: requests are carried out in another order

The first seed that fails is shrunk: what need not happen for it to fail is left out.`;
const MUTANT_SEEDS = 400;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    heat: { type: "string", default: "1" },
    seed: { type: "string" },
    only: { type: "string" },
    keep: { type: "string" },
    schedule: { type: "string", default: "0" },
    mutants: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Runs seeds; returns how many were violated. */
async function runSeeds(from: number, count: number, { heat }: { readonly heat: number }): Promise<number> {
  let violations = 0;
  const sum = { steps: 0, crashes: 0, restarts: 0, failures: 0 };
  const startMs = Date.now();
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await runScenario(seed, { heat });
    sum.steps += outcome.steps;
    sum.crashes += outcome.crashes;
    sum.restarts += outcome.restarts;
    sum.failures += outcome.failures;
    if (outcome.violation !== null && ++violations <= 10) console.log(`seed ${seed}: ${outcome.violation}`);
    if (outcome.violation !== null && violations === 1) console.log(await tell(seed, { heat }));
    if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} of ${count} seeds, ${violations} violations`);
  }
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${count} seeds from ${from}, heat ${heat}: ${violations} violations; ${sum.steps} steps, ` +
      `${sum.crashes} crashes, ${sum.restarts} task restarts, ${sum.failures} failures, ${seconds} s`,
  );
  return violations;
}

/** Those that can notice it, from 1. */
function* seedsFor({ needs }: Mutant): Generator<number> {
  for (let seed = 1;; seed++) {
    if (needs === undefined || profileOf(seed, new Choices(seed))[needs]) yield seed;
  }
}

/** Looks for a seed that notices the bug. */
async function hunt(mutant: Mutant): Promise<boolean> {
  const undo = mutant.apply?.() ?? (() => {});
  try {
    const seeds = mutant.seedsMax ?? MUTANT_SEEDS;
    for (const seed of seedsFor(mutant).take(seeds)) {
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

/** Runs one seed: all of it, and shrinks it if it fails, or only what is kept. True if nothing goes wrong. */
async function runSeed(seed: number, options: ScenarioOptions, flags: string): Promise<boolean> {
  const { violation } = values.keep === undefined
    ? await runScenario(seed, options)
    : await repeat(seed, options, { kept: values.keep.split(","), schedule: Number(values.schedule) });
  if (violation === null) console.log(`seed ${seed}: nothing goes wrong`);
  else if (values.keep === undefined) console.log(await tell(seed, options, flags));
  else console.log(`seed ${seed}: ${violation}`);
  return violation === null;
}

/** Runs one seed with a deliberate bug. */
async function runMutant(name: string, seed: number): Promise<boolean> {
  const mutant = MUTANTS.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new TypeError(`Cannot run deliberate bug "${name}": there is none of that name`);
  const undo = mutant.apply?.() ?? (() => {});
  try {
    return await runSeed(seed, mutant.options ?? {}, ` --only ${name}`);
  } finally {
    undo();
  }
}

async function huntAll(): Promise<boolean> {
  let missed = 0;
  const chosen = MUTANTS.filter((mutant) => values.only === undefined || mutant.name === values.only);
  for (const mutant of chosen) if (!await hunt(mutant)) missed++;
  console.log(`${chosen.length - missed} of ${chosen.length} deliberate bugs caught`);
  return missed === 0;
}

async function main(): Promise<boolean> {
  const { seed, only, mutants, heat, from, seeds } = values;
  if (values.help) {
    console.log(HELP);
    return true;
  }
  if (seed !== undefined && only !== undefined) return await runMutant(only, Number(seed));
  if (seed !== undefined) return await runSeed(Number(seed), { heat: Number(heat) }, "");
  if (mutants) return await huntAll();
  return await runSeeds(Number(from), Number(seeds), { heat: Number(heat) }) === 0;
}

if (!await main()) Deno.exit(1);
