import type { Aggregate } from "../dsl/aggregate_spec.ts";
import { brokenLaws, VALUES_TRIED } from "../dsl/broken_laws.ts";

/**
 * Which laws of `custom` an aggregate breaks, tried with values as its callback `value` gives them; none of them null.
 * Six are tried with each other, so more are taken six at a time. Other aggregates break none.
 *
 * @throws whatever a callback throws
 * @example
 * assertEquals(lawProblems(custom({...}), [Decimal.parse("0.10"), Decimal.parse("-3")]), []);
 */
export function lawProblems(aggregate: Aggregate<never, unknown>, values: readonly unknown[]): string[] {
  const { spec } = aggregate;
  if (!("subtract" in spec)) return [];
  const problems = new Set<string>();
  for (let first = 0; first < values.length; first += VALUES_TRIED) {
    for (const problem of brokenLaws(spec, values.slice(first, first + VALUES_TRIED))) problems.add(problem);
  }
  return [...problems];
}
