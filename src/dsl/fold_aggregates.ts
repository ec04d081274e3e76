import type { Aggregate } from "./aggregate_spec.ts";
import type { RowOf } from "./source.ts";

/** Callbacks of {@link custom}: values `T` of rows `V`, folded into a state `S`. */
export interface Folding<V, T, S> {
  /** What a row contributes; null for nothing. */
  readonly value: (row: V) => T;
  /** The state of a group without values. */
  readonly empty: () => S;
  /** The state with a value more, in whatever order values come. A new one: the state given must stay as it is. */
  readonly add: (state: S, value: Exclude<T, null>) => NoInfer<S>;
  /** The state with a value less, which is exactly the one before that value was added. */
  readonly subtract: (state: S, value: Exclude<T, null>) => NoInfer<S>;
  /** The state of the values of two: those of a group's rows in different partitions. */
  readonly merge: (a: S, b: S) => NoInfer<S>;
  /**
   * Values with which topology() tries the laws, besides those that it makes of the declared schemas: two of them at
   * least, in which everything differs that may.
   */
  readonly samples?: readonly Exclude<NoInfer<T>, null>[];
}

/**
 * An aggregate of one's own. Its laws: `subtract(add(state, v), v)` is the state, the order of values does not matter,
 * and `merge` of two states is the state of the values of both. topology() tries them and refuses what breaks one;
 * `lawProblems` of `src/testing/mod.ts` tries them with more values. States and what `result` gives are what tasks can
 * tell each other: null, truth values, finite numbers, bigints, Decimals, texts, arrays and plain objects. Floats break
 * the laws when they are added up; use a Decimal. `result`: what is shown of a state.
 *
 * A row of which `add(empty(), value)` throws is refused. A group whose state cannot be computed otherwise, or is too
 * large for a message, has no row, and a dead letter, until it can be.
 */
export function custom<V, T, S, R>(
  folding: Folding<V, T, S> & { readonly result: (state: NoInfer<S>) => R },
): Aggregate<V, R>;
/** Without `result` the state is shown. */
export function custom<V, T, S>(folding: Folding<V, T, S>): Aggregate<V, S>;
export function custom<V, T, S>(
  { value, empty, add, subtract, merge, result, samples }:
    & Folding<V, T, S>
    & { readonly result?: (state: S) => unknown },
): Aggregate<V, never> {
  return {
    spec: {
      kind: "custom",
      value,
      empty,
      add: add as never,
      subtract: subtract as never,
      merge: merge as never,
      result: (result ?? null) as never,
      samples: samples ?? [],
    },
  };
}

/** Callbacks of `reduce`. Each gives a new row. */
export interface Reducers<V> {
  /** Both rows as one. */
  adder(a: V, b: V): V;
  /** What was reduced, without a row that is in it. */
  subtractor(reduced: V, row: V): V;
}

/** A group's rows as one. */
export function reducing<V>({ adder, subtractor }: Reducers<V>): Aggregate<V, RowOf> {
  return {
    spec: {
      kind: "reduce",
      value: (row) => ({ ...row }),
      empty: null,
      add: adder,
      subtract: subtractor,
      merge: adder,
      result: null,
      samples: [],
    },
  };
}
