import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants.ts";
import { type Rule, RULES } from "./rules.ts";
import { runScenario } from "./scenario.ts";
import { AGGREGATE_MUTANTS } from "./streams/aggregate/mutants.ts";
import { AGGREGATE_RULES, type AggregateRule } from "./streams/aggregate/rules.ts";
import { runAggregateScenario } from "./streams/aggregate/scenario.ts";
import { AGGREGATE_WORLD_KINDS } from "./streams/aggregate/world.ts";
import { RETENTION_MUTANTS } from "./streams/retention/mutants.ts";
import { RETENTION_RULES, type RetentionRule, SESSION_RULES } from "./streams/retention/rules.ts";
import { runRetentionScenario } from "./streams/retention/scenario.ts";
import { RETENTION_WORLD_KINDS } from "./streams/retention/world.ts";
import { APPEND_MUTANTS } from "./streams/mutants.ts";
import { APPEND_RULES, type AppendRule } from "./streams/rules.ts";
import { runAppendScenario } from "./streams/scenario.ts";
import { APPEND_WORLD_KINDS } from "./streams/world.ts";
import { WORLD_KINDS } from "./world.ts";

const HELP = `deno task model: an algorithm alone, as a model; one seed one history and one schedule of faults

  --of MODEL    "tables" (default): tasks that talk, snapshots, standbys; "append": streams that end in an append table;
                "aggregate": streams that end in groups with a changelog; "retention": windows that go by age
  --seeds N     seeds to run (default 200); with --mutants at most so many for each (default 5000)
  --from N      first seed (default 1)
  --heat N      multiplies the number of faults (default 1)
  --world KIND  "all faults" (default); of tables: "intact directories": nobody touches what processes have written, or
                "alone": one instance, which is killed and nothing else, so that every snapshot must be of use; of
                append: "frozen starts": processes are suspended when they have just learnt where to go on; of
                aggregate: "two owners": former owners go on for long, or "shared keys": see streams/README.md; of
                retention: "windows" (its default), or "sessions"
  --mutants     take away one rule at a time: each must be noticed
  --only RULE   with --mutants: those that take this rule away
  --without R,S without these rules
  --counts      how often everything happened`;
const MUTANT_SEEDS = "5000";

const { values } = parseArgs({
  options: {
    of: { type: "string", default: "tables" },
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

/** A model without some of its rules. */
interface Variant<Name extends string> {
  readonly without: readonly Name[];
  readonly world?: string;
}

interface Model<Name extends string> {
  readonly rules: readonly Name[];
  readonly mutants: readonly (Variant<Name> & { readonly effect: string })[];
  run(seed: number, variant: Variant<Name>): {
    readonly violation: string | null;
    readonly counts: ReadonlyMap<string, number>;
  };
}

const TABLES: Model<Rule> = {
  rules: RULES,
  mutants: MUTANTS.map((mutant) => ({ world: "all faults", ...mutant })),
  run: (seed, { without, world = values.world }) =>
    runScenario(seed, { without, heat, kind: named(WORLD_KINDS, world) }),
};

const APPEND: Model<AppendRule> = {
  rules: APPEND_RULES,
  mutants: APPEND_MUTANTS.map((mutant) => ({ world: "all faults", ...mutant })),
  run: (seed, { without, world = values.world }) =>
    runAppendScenario(seed, { without, heat, kind: named(APPEND_WORLD_KINDS, world) }),
};

const AGGREGATE: Model<AggregateRule> = {
  rules: AGGREGATE_RULES,
  mutants: AGGREGATE_MUTANTS.map((mutant) => ({ world: "all faults", ...mutant })),
  run: (seed, { without, world = values.world }) =>
    runAggregateScenario(seed, { without, heat, kind: named(AGGREGATE_WORLD_KINDS, world) }),
};

const RETENTION: Model<RetentionRule> = {
  rules: [...RETENTION_RULES, ...SESSION_RULES],
  mutants: RETENTION_MUTANTS,
  run: (seed, { without, world = values.world === "all faults" ? "windows" : values.world }) =>
    runRetentionScenario(seed, { without, heat, kind: named(RETENTION_WORLD_KINDS, world) }),
};

function named<Name extends string>(names: readonly Name[], name: string): Name {
  const found = names.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  console.error(`Cannot find "${name}": there are ${names.join(", ")}`);
  Deno.exit(2);
}

/** Runs seeds; returns how many were violated. */
function runSeeds<Name extends string>({ rules, run }: Model<Name>, count: number): number {
  const without = values.without?.split(",").map((name) => named(rules, name)) ?? [];
  const totals = new Map<string, number>();
  const startMs = Date.now();
  let violations = 0;
  for (let seed = from; seed < from + count; seed++) {
    const { violation, counts } = run(seed, { without });
    for (const [name, times] of counts) totals.set(name, (totals.get(name) ?? 0) + times);
    if (violation !== null && ++violations <= 10) console.log(`seed ${seed}: ${violation}`);
  }
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  console.log(
    `${count} seeds from ${from}, ${values.of}, ${values.world}, heat ${heat}: ${violations} violations, ${seconds} s`,
  );
  if (values.counts) {
    for (const [name, times] of [...totals].sort()) console.log(`${String(times).padStart(10)} ${name}`);
  }
  return violations;
}

/** Takes rules away; returns how many mutants were not noticed. */
function hunt<Name extends string>({ rules, mutants, run }: Model<Name>, count: number): number {
  const only = values.only === undefined ? undefined : named(rules, values.only);
  const hunted = mutants.filter(({ without }) => only === undefined || without.includes(only));
  const missed = hunted.filter((mutant) => {
    const name = mutant.without.join(" + ");
    for (let seed = from; seed < from + count; seed++) {
      const { violation } = run(seed, mutant);
      if (violation === null) continue;
      console.log(`${name}: noticed by seed ${seed}: ${violation}`);
      return false;
    }
    console.log(`${name}: NOT NOTICED in ${count} seeds (${mutant.effect})`);
    return true;
  });
  console.log(`${hunted.length - missed.length} of ${hunted.length} mutants noticed`);
  return missed.length;
}

/** Does what was asked for; true if all is right. */
function main<Name extends string>(model: Model<Name>): boolean {
  if (values.mutants) return hunt(model, Number(values.seeds ?? MUTANT_SEEDS)) === 0;
  return runSeeds(model, Number(values.seeds ?? "200")) === 0;
}

/** Runs the model that was asked for. */
function runNamed(name: "tables" | "append" | "aggregate" | "retention"): boolean {
  switch (name) {
    case "tables":
      return main(TABLES);
    case "append":
      return main(APPEND);
    case "aggregate":
      return main(AGGREGATE);
    case "retention":
      return main(RETENTION);
  }
}

if (values.help) console.log(HELP);
else if (!runNamed(named(["tables", "append", "aggregate", "retention"], values.of))) Deno.exit(1);
