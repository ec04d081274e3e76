import type { AggregateSpec, Exact } from "../dsl/aggregates.ts";
import type { AggregatePlan } from "../plan/physical.ts";
import { Decimal, DECIMAL_DIGITS_MAX } from "../record/decimal.ts";
import { LimitError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import { compareOrdered, Multiset, type Ordered } from "../state/multiset.ts";
import { ExactSum, type SumPart } from "./exact_sum.ts";

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
  part(state: unknown): SharePart;
}

/**
 * A home's share of one total: a sum, a count, [sum, count] of an average, or the first value of min and max. A home
 * that holds numbers and texts for one min or max, which have no order among each other, tells [number, text].
 */
export type SharePart = SumPart | string | null | readonly [SumPart, number] | readonly [Ordered, string];

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
  zero: () => new ExactSum(),
  add(sum, value) {
    (sum as ExactSum).add(value as Exact);
    return sum;
  },
  remove(sum, value) {
    (sum as ExactSum).remove(value as Exact);
    return sum;
  },
  part: (sum) => (sum as ExactSum).part(),
};

interface Mean {
  readonly sum: ExactSum;
  values: number;
}

const MEAN: Algebra = {
  zero: (): Mean => ({ sum: new ExactSum(), values: 0 }),
  add(state, value) {
    const mean = state as Mean;
    mean.sum.add(value as Exact);
    mean.values++;
    return mean;
  },
  remove(state, value) {
    const mean = state as Mean;
    mean.sum.remove(value as Exact);
    mean.values--;
    return mean;
  },
  part: (mean) => [(mean as Mean).sum.part(), (mean as Mean).values],
};

/** Numbers and texts apart, as there is no order between them; null until there is one. */
interface Extremes {
  numbers: Multiset | null;
  texts: Multiset | null;
}

const FIRST = (sign: 1 | -1): Algebra => ({
  zero: (): Extremes => ({ numbers: null, texts: null }),
  add(state, value) {
    const extremes = state as Extremes;
    if (typeof value === "string") (extremes.texts ??= new Multiset(sign)).add(value);
    else (extremes.numbers ??= new Multiset(sign)).add(value as Ordered);
    return extremes;
  },
  remove(state, value) {
    const extremes = state as Extremes;
    (typeof value === "string" ? extremes.texts : extremes.numbers)?.remove(value as Ordered);
    return extremes;
  },
  part(state) {
    const { numbers, texts } = state as Extremes;
    const number = numbers?.first() ?? null;
    const text = (texts?.first() ?? null) as string | null;
    return number !== null && text !== null ? [number, text] : number ?? text;
  },
});

/**
 * The totals of a group from the parts of all homes' shares, as the columns of a row.
 * @throws LimitError for a total that needs more than 38 digits. @throws TypeError for a min or max over numbers and
 * texts
 */
export function totalsOf(aggregate: AggregatePlan, parts: readonly (readonly SharePart[])[]): Row {
  const totals: Record<string, unknown> = {};
  for (let index = 0; index < aggregate.columns.length; index++) {
    const { name, spec } = aggregate.columns[index];
    totals[name] = total({ name, spec }, parts.map((home) => home[index]));
  }
  return totals;
}

function total({ name, spec }: AggregatePlan["columns"][number], shares: readonly SharePart[]): unknown {
  const sum = new ExactSum();
  if (spec.kind === "count" || spec.kind === "sum") {
    for (const share of shares) sum.add(share as SumPart);
    return withinDigits(name, () => sum.value());
  }
  if (spec.kind === "avg") {
    let values = 0;
    for (const [share, count] of shares as readonly (readonly [SumPart, number])[]) {
      sum.add(share);
      values += count;
    }
    return values === 0 ? null : withinDigits(name, () => sum.dividedBy(values, spec.scale));
  }
  const sign = spec.kind === "min" ? 1 : -1;
  let first: Ordered | null = null;
  for (const share of shares as readonly (Ordered | null | readonly [Ordered, string])[]) {
    if (share === null) continue;
    const mixed = Array.isArray(share) ||
      (first !== null && (typeof share === "string") !== (typeof first === "string"));
    if (mixed) throw mixedKinds(name, spec.kind);
    if (first === null || compareOrdered(share as Ordered, first) * sign < 0) first = share as Ordered;
  }
  return first;
}

/** @throws LimitError naming the total */
function withinDigits<T>(name: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    throw new LimitError(
      error.limit,
      `Cannot use the total "${name}" further: it needs more than ${DECIMAL_DIGITS_MAX} digits, fraction included. ` +
        "Add up values of fewer digits, or correct the group's rows",
    );
  }
}

/** The error of a min or max that holds numbers and texts. */
export function mixedKinds(name: string, kind: string): TypeError {
  return new TypeError(
    `Cannot find "${name}" among numbers and texts: current values are of both kinds. ` +
      `Return values of one kind from ${kind}(...)`,
  );
}
