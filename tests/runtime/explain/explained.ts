import { explainerOf } from "../../../src/runtime/explain/explainer.ts";
import type { Explanation } from "../../../src/runtime/explain/explanation.ts";
import type { StepRun } from "../step_run.ts";

/** The explanation of a key, or of a record, by the only instance. */
export async function explained(
  run: StepRun,
  { table, key }: { readonly table: string; readonly key: string },
): Promise<Explanation> {
  const nobody = () => Promise.resolve({ answers: [], unanswered: [] });
  return await explainerOf(run.runner)!.explain({ table, key, after: null, limit: 10 }, { others: nobody });
}
