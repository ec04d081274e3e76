/**
 * An aggregate as algebra over states. Law: the state is a function of the bag of values that were added and not
 * removed, whatever the order. So `remove(add(state, v), v)` equals the state before, and
 *
 * - an update of a row is the removal of what it contributed and the addition of what it contributes now,
 * - a delete is the removal alone, a row that moves to another group a removal here and an addition there,
 * - a value of null is neither added nor removed, as in SQL; a count counts rows, also those.
 *
 * What is removed must be exactly what was added. Hence each entry remembers its contribution, and no callback is asked
 * again for an old row. UNKNOWN never comes here: the entry's old contribution counts until its row is known.
 *
 * Sums are exact and have no limit (integers and decimals, never floats: their rounding would stay behind after a
 * removal). Whether a total can be shown is another question, for whoever shows it: nothing here throws, as a value
 * that could not be added could not be removed either. Sums and averages keep one or two numbers; min and max must keep
 * every different value, in a {@link Multiset}, since the second-smallest is the answer once the smallest goes. One
 * algebra serves all groups: a group keeps states only.
 */
export interface Algebra {
  /** The state of a group without values. */
  zero(): unknown;
  /** The state with one value more; values are never null. The old state must not be used any more. */
  add(state: unknown, value: unknown): unknown;
  /** The state with one value less. */
  remove(state: unknown, value: unknown): unknown;
  /** The state as other tasks and ClickHouse see it. */
  part(state: unknown): unknown;
}

/** The error of an order of numbers and texts. */
export function mixedKinds(name: string, kind: string): TypeError {
  return new TypeError(
    `Cannot find "${name}" among numbers and texts: current values are of both kinds. ` +
      `Return values of one kind from ${kind}(...)`,
  );
}
