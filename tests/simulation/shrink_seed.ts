import { Budget, type Fails, type Limits, minimise } from "../shrink.ts";
import { type Outcome, runScenario, type ScenarioOptions } from "./scenario.ts";
import { type Following, type Happening, Trail } from "./trail.ts";

const LIMITS: Limits = { attemptsMax: 2_000, msMax: 15_000 };
/** Other orders of requests that are tried before something is taken to be needed. */
const SCHEDULES_MAX = 20;

/** A seed that fails, and what must happen in it so that it does. */
export interface FailingSeed {
  readonly seed: number;
  readonly options: ScenarioOptions;
  /** What happened before anything was left out. */
  readonly drawn: readonly Happening[];
  /** What is left, in order. */
  readonly kept: readonly Happening[];
  /** The order of requests in which it goes wrong, as in {@link Following}. */
  readonly schedule: number;
  /** What went wrong with that. */
  readonly violation: string;
}

/** Runs a seed of which less happens. */
export async function repeat(seed: number, options: ScenarioOptions, following: Following): Promise<Outcome> {
  const trail = Trail.record();
  await runScenario(seed, { ...options, trail });
  return await runScenario(seed, { ...options, trail: trail.follow(following) });
}

/**
 * Leaves out what a failing seed does not need to fail in the same way: whole kinds of faults and settings, then single
 * happenings.
 * @throws TypeError if the seed does not fail
 */
export async function shrinkSeed(
  seed: number,
  options: ScenarioOptions = {},
  limits: Limits = LIMITS,
): Promise<FailingSeed> {
  const trail = Trail.record();
  const { violation } = await runScenario(seed, { ...options, trail });
  if (violation === null) throw new TypeError(`Cannot shrink seed ${seed}: nothing goes wrong in it`);
  const drawn: readonly Happening[] = trail.happened;
  const kind = kindOf(violation);
  const smallest = { seed, options, drawn, kept: drawn, schedule: 0, violation };
  const budget = new Budget(limits);
  const failsIn = (schedule: number) => async (candidate: readonly Happening[]): Promise<boolean> => {
    const following = trail.follow({ kept: candidate.map(({ id }) => id), schedule });
    const found = (await runScenario(seed, { ...options, trail: following })).violation;
    if (found === null || kindOf(found) !== kind) return false;
    // Not everything that was allowed to happen did.
    Object.assign(smallest, { kept: following.happened, schedule, violation: found });
    return true;
  };
  const kinds = [...new Set(drawn.map((happening) => happening.kind))].filter((name) => name !== "change");
  await minimise(kinds, budget, (names) => failsIn(0)(ofKinds(drawn, ["change", ...names])));
  // Faults first: without them, changes that only served them can go.
  const faults = smallest.kept.filter((happening) => happening.kind !== "change");
  const changes = ofKinds(smallest.kept, ["change"]);
  await minimise(faults, budget, (fewer) => failsIn(0)([...changes, ...fewer]));
  do await minimise(smallest.kept, budget, failsIn(smallest.schedule)); while (
    await oneLess(smallest, budget, failsIn)
  );
  return smallest;
}

/**
 * Some of what is left may only have moved requests to where it goes wrong. Leaves out one of it, if it then goes wrong
 * in another order of requests.
 */
async function oneLess(
  { kept }: { readonly kept: readonly Happening[] },
  budget: Budget,
  failsIn: (schedule: number) => Fails<readonly Happening[]>,
): Promise<boolean> {
  for (const left of kept.toReversed()) {
    const fewer = kept.filter((happening) => happening !== left);
    for (let schedule = 1; schedule <= SCHEDULES_MAX; schedule++) {
      if (!budget.spend()) return false;
      if (await failsIn(schedule)(fewer)) return true;
    }
  }
  return false;
}

function ofKinds(happenings: readonly Happening[], kinds: readonly string[]): Happening[] {
  return happenings.filter(({ kind }) => kinds.includes(kind));
}

/** Violations of one kind are taken for one and the same, in whatever stage and sink. */
function kindOf(violation: string): string {
  const exception = /^EXCEPTION (\w+)/.exec(violation);
  if (exception !== null) return exception[1];
  if (violation.startsWith("B transient")) return "transient";
  if (/^\w STUCK/.test(violation)) return "stuck";
  return /^B a restart/.test(violation) ? "needless writes" : "difference";
}
