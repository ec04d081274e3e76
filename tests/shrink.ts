/** How much a search for a smaller case may cost. */
export interface Limits {
  readonly attemptsMax: number;
  /** Checked between attempts: one that takes long is not interrupted. */
  readonly msMax: number;
}

/** What is left of the limits. Several searches may share one. */
export class Budget {
  readonly #attemptsMax: number;
  readonly #untilMs: number;
  #attempts = 0;

  constructor({ attemptsMax, msMax }: Limits) {
    this.#attemptsMax = attemptsMax;
    this.#untilMs = Date.now() + msMax;
  }

  /** Attempts paid for so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Whether there is nothing left. */
  get spent(): boolean {
    return this.#attempts >= this.#attemptsMax || Date.now() >= this.#untilMs;
  }

  /** Pays for one attempt; false if nothing is left. */
  spend(): boolean {
    if (this.spent) return false;
    this.#attempts++;
    return true;
  }
}

/** Whether a candidate still fails in the same way. Must answer the same each time it is asked. */
export type Fails<T> = (candidate: T) => Promise<boolean>;

/**
 * Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002): removes chunks,
 * then single items, as long as the rest fails, and keeps the order. `items` is known to fail. Unless the budget ends
 * first, the result fails and no single item of it can be removed. The end of the list is tried first: what comes late
 * is needed least often.
 */
export async function minimise<T>(
  items: readonly T[],
  budget: Budget,
  fails: Fails<readonly T[]>,
): Promise<readonly T[]> {
  let kept = items;
  for (let size = kept.length; size > 0 && kept.length > 0;) {
    let removed = false;
    for (let end = kept.length; end > 0;) {
      const start = Math.max(0, end - size);
      if (!budget.spend()) return kept;
      const candidate = [...kept.slice(0, start), ...kept.slice(end)];
      if (await fails(candidate)) {
        kept = candidate;
        removed = true;
      }
      end = start;
    }
    if (size === 1 && !removed) break;
    size = Math.min(Math.ceil(size / 2), Math.max(1, kept.length));
  }
  return kept;
}

/** A simpler form of a value, or null where the edit changes nothing. */
export type Edit<T> = (value: T) => T | null;

/**
 * Makes each edit after which the value still fails; once more from the first, until none is possible or the budget
 * ends.
 */
export async function simplify<T>(
  value: T,
  budget: Budget,
  { edits, fails }: { readonly edits: readonly Edit<T>[]; readonly fails: Fails<T> },
): Promise<T> {
  let simplest = value;
  for (let changed = true; changed;) {
    changed = false;
    for (const edit of edits) {
      const candidate = edit(simplest);
      if (candidate === null) continue;
      if (!budget.spend()) return simplest;
      if (!await fails(candidate)) continue;
      simplest = candidate;
      changed = true;
    }
  }
  return simplest;
}
