import type { Aggregate, RankedSpec } from "./aggregate_spec.ts";
import type { Comparable } from "./aggregates.ts";

/** What rows are ordered by, and what is shown of them. */
export interface Ranking<V, B extends Comparable | null, T> {
  /** Numbers by value, texts by code point; a row with null is left out. */
  readonly by: (row: V) => B;
  /** What is shown of a row: anything that a row can hold, null included. */
  readonly value: (row: V) => T;
}

/** The value of one row; null if `by` is null in all of them. */
export type OneOf<B, T> = T | (null extends B ? null : never);

/**
 * The value of the row with the smallest `by`. Of several such rows it is the smallest value: null, then false and
 * true, numbers, texts, everything else by its JSON text. So it depends on the rows alone, never on their arrival.
 */
export function argMin<V, B extends Comparable | null, T>(
  by: (row: V) => B,
  value: (row: V) => T,
): Aggregate<V, OneOf<B, T>> {
  return ranked("argMin", 1, { by, value });
}

/** The value of the row with the greatest `by`; of several such rows the greatest value, as {@link argMin} has them. */
export function argMax<V, B extends Comparable | null, T>(
  by: (row: V) => B,
  value: (row: V) => T,
): Aggregate<V, OneOf<B, T>> {
  return ranked("argMax", 1, { by, value });
}

/** The value of the first row in the order of `by`: {@link argMin} under the name that reads better of times. */
export function first<V, B extends Comparable | null, T>(
  value: (row: V) => T,
  { by }: { readonly by: (row: V) => B },
): Aggregate<V, OneOf<B, T>> {
  return ranked("first", 1, { by, value });
}

/** The value of the last row in the order of `by`: see {@link argMax}. */
export function last<V, B extends Comparable | null, T>(
  value: (row: V) => T,
  { by }: { readonly by: (row: V) => B },
): Aggregate<V, OneOf<B, T>> {
  return ranked("last", 1, { by, value });
}

/**
 * The values of the `n` rows with the greatest `by`, the greatest first; those with equal `by` from the greatest value
 * down. Of a group with fewer rows all of them. `n` is 1,000 at most.
 */
export function topN<V, B extends Comparable | null, T>(
  n: number,
  ranking: Ranking<V, B, T>,
): Aggregate<V, readonly T[]> {
  return ranked("topN", n, ranking);
}

/**
 * The values of all rows in the order of `by`; those with equal `by` from the smallest value up. It is never cut: a
 * group of more than `max` rows (1,000 at most) has no row, and a dead letter, until it has fewer again.
 */
export function collect<V, B extends Comparable | null, T>(
  value: (row: V) => T,
  { by, max }: { readonly by: (row: V) => B; readonly max: number },
): Aggregate<V, readonly T[]> {
  return ranked("collect", max, { by, value });
}

function ranked<V>(
  kind: RankedSpec["kind"],
  most: number,
  { by, value }: Ranking<V, Comparable | null, unknown>,
): Aggregate<V, never> {
  return { spec: { kind, by, value, most } };
}
