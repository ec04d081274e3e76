import type { DistinctSpec, NamedSpec, PlannedSpec, TotalSpec } from "../dsl/aggregate_spec.ts";
import type { Exact } from "../dsl/aggregates.ts";
import { isOfRows, ROW } from "../plan/grouped.ts";
import type { AggregatePlan } from "../plan/physical.ts";
import { Decimal, DECIMAL_DIGITS_MAX } from "../record/decimal.ts";
import { LimitError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import { compareOrdered, isOrdered, Multiset, type Ordered } from "../state/multiset.ts";
import { type Algebra, mixedKinds } from "./algebra.ts";
import { DISTINCT, distinctOf } from "./distinct.ts";
import { ExactSum, type SumPart } from "./exact_sum.ts";
import { foldAlgebra, foldedOf, type FoldPart, foldTotal } from "./fold.ts";
import { ONLY_ROW, onlyRow, type OnlyRowPart } from "./only_row.ts";
import { rankedAlgebra, rankedOf, type RankedPart, rankedTotal } from "./ranked.ts";

/**
 * A home's share of one total: a sum, a count, [sum, count] of an average, or the first value of min and max. A home
 * that holds numbers and texts for one min or max, which have no order among each other, tells [number, text].
 */
export type SharePart =
  | SumPart
  | string
  | null
  | readonly [SumPart, number]
  | readonly [Ordered, string]
  | RankedPart
  | FoldPart
  | OnlyRowPart;

/** The columns that a row contributes a value to: a count needs none. */
export function valuedOf(aggregate: AggregatePlan): PlannedSpec[] {
  return aggregate.columns.map(({ spec }) => spec).filter(({ value }) => value !== null);
}

/**
 * Puts what `row` contributes into `values`, one for each column that has a value, in order.
 * @throws whatever a callback throws; TypeError for a value that cannot be aggregated exactly
 */
export function contribute(aggregate: AggregatePlan, row: Row, values: unknown[]): void {
  let index = 0;
  for (const column of aggregate.columns) {
    if (column.spec.value !== null) values[index++] = contributionOf(column, row);
  }
}

/** What `row` contributes to one column that has values; null for nothing. @throws as {@link contribute} */
export function contributionOf({ name, spec }: NamedSpec<PlannedSpec>, row: Row): unknown {
  switch (spec.kind) {
    case "sum":
    case "count":
    case "avg":
    case "min":
    case "max":
      return checked(name, spec, spec.value!(row));
    case "countDistinct":
      return distinctOf(name, spec.value(row));
    case "custom":
    case "reduce":
      return foldedOf({ name, spec }, row);
    case "row":
      return spec.value(row);
    default:
      return rankedOf({ name, spec }, row);
  }
}

function checked(name: string, spec: TotalSpec, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (spec.kind === "min" || spec.kind === "max" ? isOrdered(value) : isExact(value)) return value;
  throw new TypeError(
    `Cannot add "${name}" exactly: current value is ${
      String(value)
    }. Return an integer, a Decimal or null from ${spec.kind}(...)`,
  );
}

function isExact(value: unknown): boolean {
  return value instanceof Decimal || typeof value === "bigint" || Number.isSafeInteger(value);
}

/**
 * The algebra of one column that has values (a count is the number of a group's rows and needs none). `partBytesMax`:
 * of its part of a share.
 */
export function algebraOf(spec: PlannedSpec, partBytesMax: number): Algebra {
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
    case "countDistinct":
      return DISTINCT;
    case "custom":
    case "reduce":
      return foldAlgebra(spec, partBytesMax);
    case "row":
      return ONLY_ROW;
    default:
      return rankedAlgebra(spec);
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

/** A group as it is told. */
export interface ToldGroup {
  readonly columns: Row;
  /** Of all homes' shares, one for each column of the aggregate. */
  readonly parts: readonly (readonly SharePart[])[];
}

/**
 * The row of a group: its columns and totals, or its one row under its columns. `distinct`: how many different values
 * the rows of all homes have, by the column's place.
 * @throws LimitError for a total that needs more than 38 digits. @throws TypeError for a min or max over numbers and
 * texts, and for several rows
 */
export function rowOfGroup(
  aggregate: AggregatePlan,
  { columns, parts }: ToldGroup,
  distinct: (column: number) => number,
): Row {
  const totals = totalsOf(aggregate, parts, distinct);
  return isOfRows(aggregate) ? { ...totals[ROW] as Row, ...columns } : { ...columns, ...totals };
}

function totalsOf(
  aggregate: AggregatePlan,
  parts: readonly (readonly SharePart[])[],
  distinct: (column: number) => number,
): Row {
  const totals: Record<string, unknown> = {};
  for (let index = 0; index < aggregate.columns.length; index++) {
    const { name, spec } = aggregate.columns[index];
    totals[name] = spec.kind === "countDistinct"
      ? distinct(index)
      : totalOf({ name, spec }, parts.map((home) => home[index]));
  }
  return totals;
}

/** One total. @throws as {@link rowOfGroup} */
export function totalOf(
  { name, spec }: NamedSpec<Exclude<PlannedSpec, DistinctSpec>>,
  shares: readonly SharePart[],
): unknown {
  switch (spec.kind) {
    case "sum":
    case "count":
    case "avg":
    case "min":
    case "max":
      return added({ name, spec }, shares);
    case "custom":
    case "reduce":
      return foldTotal({ name, spec }, shares as readonly FoldPart[]);
    case "row":
      return onlyRow(shares as readonly OnlyRowPart[]);
    default:
      return rankedTotal({ name, spec }, shares as readonly RankedPart[]);
  }
}

function added({ name, spec }: NamedSpec<TotalSpec>, shares: readonly SharePart[]): unknown {
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
