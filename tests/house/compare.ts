import type { Rule, Violation } from "./rules.ts";

/** Places where a rule may be broken, and why. A name that stands twice may break it twice. */
export interface Excepted {
  readonly reason: string;
  readonly names: readonly string[];
}

/** Exceptions by rule. */
export type Exceptions = Readonly<Partial<Record<Rule, readonly Excepted[]>>>;

/**
 * What must be repaired: violations that no exception allows, and exceptions that nothing needs any more, so that the
 * list only shrinks.
 */
export function problemsOf(violations: readonly Violation[], exceptions: Exceptions): string[] {
  const listed = new Map<string, number>();
  for (const [rule, groups] of Object.entries(exceptions)) {
    for (const name of groups.flatMap(({ names }) => names)) {
      listed.set(`${rule}: ${name}`, (listed.get(`${rule}: ${name}`) ?? 0) + 1);
    }
  }
  const problems: string[] = [];
  for (const { rule, name, detail } of violations) {
    const left = listed.get(`${rule}: ${name}`) ?? 0;
    if (left === 0) problems.push(`${rule}: ${name}: ${detail}`);
    else listed.set(`${rule}: ${name}`, left - 1);
  }
  for (const [name, left] of listed) {
    if (left > 0) problems.push(`${name}: the exception is needed ${left} times less: remove it from the list`);
  }
  return problems;
}
