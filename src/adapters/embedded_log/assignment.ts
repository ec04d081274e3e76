/** A group member as the assignment sees it. */
export interface Candidate {
  /** Tasks it asked for when it joined: it can take no others. */
  readonly able: ReadonlySet<string>;
  /** Tasks it has now. */
  readonly has: readonly string[];
}

/**
 * Shares `tasks` out: every task that anybody can take goes to exactly one candidate; numbers differ by one at most where abilities
 * allow; and a candidate keeps what it has up to its share, so that as few tasks as possible move. Deterministic. Result: one list for
 * each candidate, in the order of `tasks`.
 */
export function assignSticky(tasks: readonly string[], candidates: readonly Candidate[]): string[][] {
  const kept = keepShares(tasks, candidates);
  const taken = new Set(kept.flatMap((list) => [...list]));
  for (const task of tasks) {
    if (taken.has(task)) continue;
    let least = -1;
    for (const [index, candidate] of candidates.entries()) {
      if (candidate.able.has(task) && (least < 0 || kept[index].size < kept[least].size)) least = index;
    }
    if (least >= 0) kept[least].add(task);
  }
  return kept.map((list) => tasks.filter((task) => list.has(task)));
}

/** What each candidate keeps: the first ones of what it has, up to its share; the larger shares go to those that have more. */
function keepShares(tasks: readonly string[], candidates: readonly Candidate[]): Set<string>[] {
  const kept = candidates.map(() => new Set<string>());
  const taken = new Set<string>();
  const known = new Set(tasks);
  const share = Math.floor(tasks.length / Math.max(1, candidates.length));
  let largerShares = tasks.length - share * candidates.length;
  const byHolding = [...candidates.entries()].sort(([, one], [, other]) => other.has.length - one.has.length);
  for (const [index, { able, has }] of byHolding) {
    const holding = has.filter((task) => known.has(task) && able.has(task) && !taken.has(task));
    const larger = holding.length > share && largerShares > 0;
    if (larger) largerShares--;
    for (const task of holding.slice(0, share + (larger ? 1 : 0))) {
      kept[index].add(task);
      taken.add(task);
    }
  }
  return kept;
}
