import type { AggregateSpec, Exact } from "../dsl/aggregates.ts";
import type { AggregatePlan } from "../plan/physical.ts";
import { Decimal } from "../record/decimal.ts";
import type { Row } from "../record/row.ts";
import { compareOrdered, Multiset, type Ordered } from "../state/multiset.ts";

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
 * Sums are exact (integers and decimals, never floats: their rounding would stay behind after a removal). Sums and
 * averages keep one or two numbers; min and max must keep every different value, in a {@link Multiset}, since the
 * second-smallest is the answer once the smallest goes. One algebra serves all groups: a group keeps states only.
 */
export interface Algebra {
  /** The state of a group without values. */
  zero(): unknown;
  /** The state with one value more; values are never null. The old state must not be used any more. */
  add(state: unknown, value: unknown): unknown;
  /** The state with one value less. */
  remove(state: unknown, value: unknown): unknown;
  /** The state as other tasks and ClickHouse see it. */
  part(state: unknown): SharePart;
}

/** A home's share of one total: a sum, a count, [sum, count] of an average, or the first value of min and max. */
export type SharePart = Exact | string | null | readonly [Exact, number];

/** How many values a row contributes: a count needs none. */
export function valuesOf(aggregate: AggregatePlan): number {
  return aggregate.columns.filter(({ spec }) => spec.value !== null).length;
}

/**
 * Puts what `row` contributes into `values`, one for each column that has a value, in order.
 * @throws whatever a callback throws; TypeError for a value that cannot be aggregated exactly
 */
export function contribute(aggregate: AggregatePlan, row: Row, values: unknown[]): void {
  let index = 0;
  for (const { name, spec } of aggregate.columns) {
    if (spec.value !== null) values[index++] = checked(name, spec, spec.value(row));
  }
}

function checked(name: string, spec: AggregateSpec, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  const ordered = spec.kind === "min" || spec.kind === "max";
  if (value instanceof Decimal || typeof value === "bigint" || (ordered && typeof value === "string")) return value;
  if (typeof value === "number" && (ordered ? Number.isFinite(value) : Number.isSafeInteger(value))) return value;
  throw new TypeError(
    `Cannot add "${name}" exactly: current value is ${
      String(value)
    }. Return an integer, a Decimal or null from ${spec.kind}(...)`,
  );
}

/** The algebra of one column that has values (a count is the number of a group's rows and needs none). */
export function algebraOf(spec: AggregateSpec): Algebra {
  switch (spec.kind) {
    case "count":
    case "sum":
      return SUM;
    case "avg":
      return MEAN;
    case "min":
      return FIRST(1);
    case "max":
      return FIRST(-1);
  }
}

const SUM: Algebra = {
  zero: () => 0,
  add: (sum, value) => plus(sum as Exact, value as Exact),
  remove: (sum, value) => minus(sum as Exact, value as Exact),
  part: (sum) => sum as Exact,
};

type Mean = readonly [Exact, number];

const MEAN: Algebra = {
  zero: (): Mean => [0, 0],
  add: (mean, value): Mean => [plus((mean as Mean)[0], value as Exact), (mean as Mean)[1] + 1],
  remove: (mean, value): Mean => [minus((mean as Mean)[0], value as Exact), (mean as Mean)[1] - 1],
  part: (mean) => mean as Mean,
};

const FIRST = (sign: 1 | -1): Algebra => ({
  zero: () => new Multiset(sign),
  add(values, value) {
    (values as Multiset).add(value as Ordered);
    return values;
  },
  remove(values, value) {
    (values as Multiset).remove(value as Ordered);
    return values;
  },
  part: (values) => (values as Multiset).first(),
});

/** Exact sum. An integer has one form, as everywhere: a number where that is exact, else a bigint. */
function plus(a: Exact, b: Exact): Exact {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    return Number.isSafeInteger(sum) ? sum : integer(BigInt(a) + BigInt(b));
  }
  if (a instanceof Decimal) return a.plus(asDecimal(b));
  if (b instanceof Decimal) return asDecimal(a).plus(b);
  return integer(BigInt(a) + BigInt(b));
}

function minus(a: Exact, b: Exact): Exact {
  if (b instanceof Decimal || a instanceof Decimal) return asDecimal(a).minus(asDecimal(b));
  return plus(a, typeof b === "number" ? 0 - b : -b);
}

function integer(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

function asDecimal(value: Exact): Decimal {
  return value instanceof Decimal ? value : Decimal.of(value);
}

/** The totals of a group from the parts of all homes' shares, as the columns of a row. */
export function totalsOf(aggregate: AggregatePlan, parts: readonly (readonly SharePart[])[]): Row {
  const totals: Record<string, unknown> = {};
  for (let index = 0; index < aggregate.columns.length; index++) {
    const { name, spec } = aggregate.columns[index];
    totals[name] = total(spec, parts.map((home) => home[index]));
  }
  return totals;
}

function total(spec: AggregateSpec, shares: readonly SharePart[]): unknown {
  if (spec.kind === "count" || spec.kind === "sum") return shares.reduce((a, b) => plus(a as Exact, b as Exact), 0);
  if (spec.kind === "avg") {
    let sum: Exact = 0;
    let values = 0;
    for (const [share, count] of shares as readonly (readonly [Exact, number])[]) {
      sum = plus(sum, share);
      values += count;
    }
    return values === 0 ? null : asDecimal(sum).dividedBy(Decimal.of(values), spec.scale);
  }
  const sign = spec.kind === "min" ? 1 : -1;
  let first: Ordered | null = null;
  for (const share of shares as readonly (Ordered | null)[]) {
    if (share !== null && (first === null || compareOrdered(share, first) * sign < 0)) first = share;
  }
  return first;
}
