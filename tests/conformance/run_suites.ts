import type { Comparison, Interpreter, Verdict } from "./interpreter.ts";
import { needsOf } from "./not_yet.ts";
import type { Case, Suite } from "./recorded.ts";
import { STREAMS } from "./streams.ts";
import { TABLES } from "./tables.ts";

/** Who understands which topologies. */
const INTERPRETERS: readonly Interpreter[] = [TABLES, STREAMS];

/** A case that was run, with one number of partitions. */
export interface CaseRun {
  readonly name: string;
  readonly partitions: number;
  readonly steps: number;
  readonly comparison: Comparison;
}

/** What was found out about one suite. */
export interface SuiteReport {
  readonly suite: string;
  readonly runs: readonly CaseRun[];
  /** What the interpreters of its cases never compare, and why. */
  readonly notCompared: readonly string[];
  readonly notRun: readonly { readonly case: string; readonly steps: number; readonly needs: string }[];
}

/** Runs all cases whose words are understood, one after the other. */
export async function runSuites(suites: readonly Suite[], interpreters = INTERPRETERS): Promise<SuiteReport[]> {
  const reports: SuiteReport[] = [];
  for (const { suite, cases } of suites) {
    const runs: CaseRun[] = [];
    const notRun: SuiteReport["notRun"][number][] = [];
    const notCompared = new Set<string>();
    for (const recorded of cases) {
      const { name, steps: { length: steps } } = recorded;
      const interpreter = interpreters.find((candidate) => candidate.understands(recorded));
      if (interpreter === undefined) notRun.push({ case: name, steps, needs: needsOf(recorded) });
      else {
        for (const reason of interpreter.notCompared) notCompared.add(reason);
        for (const partitions of interpreter.partitions(recorded)) {
          runs.push({ name, partitions, steps, comparison: await run(recorded, { interpreter, partitions }) });
        }
      }
    }
    reports.push({ suite, runs, notCompared: [...notCompared], notRun });
  }
  return reports;
}

/** What throws is different, too. */
async function run(
  recorded: Case,
  { interpreter, partitions }: { readonly interpreter: Interpreter; readonly partitions: number },
): Promise<Comparison> {
  try {
    return await interpreter.run(recorded, { partitions });
  } catch (error) {
    return { steps: [], end: [{ kind: "different", detail: `cannot be run: ${(error as Error).message}` }] };
  }
}

/** All that was compared in these runs. */
export function verdictsOf(runs: readonly CaseRun[]): Verdict[] {
  return runs.flatMap(({ comparison: { steps, end } }) => [...steps, ...end]);
}
