import type { AggregateSpec, Exact } from "../dsl/aggregates.ts";
import type { AggregatePlan } from "../plan/physical.ts";
import { Decimal } from "../record/decimal.ts";
import type { Row } from "../record/row.ts";
import { compareOrdered, Multiset, type Ordered } from "../state/multiset.ts";

/**
 * Aggregates as algebra: each has an inverse, so `remove(add(state, v), v)` is the state before. Sums are exact (integers and decimals,
 * never floats), min and max keep their values in a {@link Multiset}.
 */
export interface Accumulator {
  add(value: unknown): void;
  remove(value: unknown): void;
  /** The state as other tasks and ClickHouse see it: see {@link Partial}. */
  partial(): Partial;
}

/** A home's share of one total: a sum, a count, [sum, count] of an average, or the first value of min and max. */
export type Partial = Exact | string | null | readonly [Exact, number];

/** The values that one row contributes, one for each column of the aggregate. */
export type Contribution = readonly unknown[];

/** What `row` contributes. @throws whatever a callback throws; TypeError for a value that cannot be aggregated exactly */
export function contributionOf(aggregate: AggregatePlan, row: Row): Contribution {
  const values: unknown[] = new Array(aggregate.columns.length);
  for (let index = 0; index < values.length; index++) {
    const { name, spec } = aggregate.columns[index];
    values[index] = spec.value === null ? null : checked(name, spec, spec.value(row));
  }
  return values;
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

/** A fresh accumulator for one column of an aggregate. */
export function createAccumulator(spec: AggregateSpec): Accumulator {
  switch (spec.kind) {
    case "count":
      return counter();
    case "sum":
      return summer(false);
    case "avg":
      return summer(true);
    case "min":
      return firsts(new Multiset(1));
    case "max":
      return firsts(new Multiset(-1));
  }
}

function counter(): Accumulator {
  let rows = 0;
  return { add: () => void rows++, remove: () => void rows--, partial: () => rows };
}

function summer(withCount: boolean): Accumulator {
  let sum: Exact = 0;
  let values = 0;
  return {
    add(value) {
      if (value === null) return;
      sum = plus(sum, value as Exact);
      values++;
    },
    remove(value) {
      if (value === null) return;
      sum = minus(sum, value as Exact);
      values--;
    },
    partial: () => withCount ? [sum, values] : sum,
  };
}

function firsts(values: Multiset): Accumulator {
  return {
    add: (value) => value === null ? undefined : values.add(value as Ordered),
    remove: (value) => value === null ? undefined : values.remove(value as Ordered),
    partial: () => values.first(),
  };
}

/** Exact sum. An integer has one form, as everywhere: a number where that is exact, else a bigint. */
export function plus(a: Exact, b: Exact): Exact {
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

/** The totals of a group from all homes' partials, as the columns of a row. */
export function totalsOf(aggregate: AggregatePlan, partials: readonly (readonly Partial[])[]): Row {
  const totals: Record<string, unknown> = {};
  for (let index = 0; index < aggregate.columns.length; index++) {
    const { name, spec } = aggregate.columns[index];
    totals[name] = total(spec, partials.map((partial) => partial[index]));
  }
  return totals;
}

function total(spec: AggregateSpec, shares: readonly Partial[]): unknown {
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
