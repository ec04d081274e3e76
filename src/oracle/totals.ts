import type { AggregateSpec, FoldSpec, TotalSpec } from "../dsl/aggregate_spec.ts";
import type { AnyRow } from "../dsl/logical.ts";
import { Decimal } from "../record/decimal.ts";
import { keyOf } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { isRankable, rankedTotal } from "./ranked_total.ts";
import { isOrdered, order } from "./value_order.ts";

/** Why a row cannot be part of an exact total; null if it can. */
export function objectionTo(spec: AggregateSpec, row: Row): string | null {
  switch (spec.kind) {
    case "count":
      return null;
    case "sum":
    case "avg":
    case "min":
    case "max": {
      const value: unknown = spec.value!(row) ?? null;
      if (value === null || typeof value === "bigint" || value instanceof Decimal) return null;
      const fits = spec.kind === "min" || spec.kind === "max" ? isOrdered(value) : Number.isSafeInteger(value);
      return fits ? null : `Cannot add up ${String(value)} exactly`;
    }
    case "countDistinct": {
      const value: unknown = spec.value(row) ?? null;
      const comparable = value === null || typeof value === "boolean" || isOrdered(value);
      return comparable ? null : `Cannot compare ${String(value)}`;
    }
    case "custom":
    case "reduce": {
      const value: unknown = spec.value(row) ?? null;
      // It throws of what it cannot take.
      if (value !== null && spec.empty !== null) spec.add(spec.empty(), value);
      return null;
    }
    default:
      return isRankable(spec, row) ? null : `Cannot order by ${String(spec.by(row))}`;
  }
}

/**
 * What an aggregate makes of the rows of one group.
 * @throws LimitError | TypeError | RangeError for a total that is no value
 */
export function total(spec: AggregateSpec, rows: readonly Row[]): unknown {
  switch (spec.kind) {
    case "count":
      return rows.length;
    case "sum":
    case "avg":
    case "min":
    case "max":
      return added(spec, rows);
    case "countDistinct":
      return new Set(rows.map((row) => keyOf([spec.value(row)])).filter((key) => key !== keyOf([null]))).size;
    case "custom":
    case "reduce":
      return folded(spec, rows);
    default:
      return rankedTotal(spec, rows);
  }
}

function added(spec: TotalSpec, rows: readonly Row[]): unknown {
  const values = rows.map((row) => spec.value!(row)).filter((value) =>
    value !== null && value !== undefined
  ) as AnyRow[];
  if (spec.kind === "sum") {
    const sum = exactSum(values);
    return values.some((value) => value instanceof Decimal) ? decimalOf(sum) : integerOf(sum.units);
  }
  if (values.length === 0) return null;
  if (spec.kind === "avg") {
    const { units, scale } = exactSum(values);
    return Decimal.of(units * 10n ** BigInt(spec.scale) / (BigInt(values.length) * 10n ** scale), spec.scale);
  }
  const sign = spec.kind === "min" ? -1 : 1;
  return values.reduce((a, b) => order(b, a) * sign > 0 ? b : a);
}

/** By adding alone. */
function folded({ value, empty, add, result }: FoldSpec, rows: readonly Row[]): unknown {
  const values = rows.map(value).filter((given) => given !== null && given !== undefined) as AnyRow[];
  const state = empty === null ? values.reduce(add) : values.reduce(add, empty());
  return result === null ? state : result(state);
}

/** The sum in units of 10^-scale. */
function exactSum(values: readonly AnyRow[]): { units: bigint; scale: bigint } {
  const scale = values.reduce((greatest, value) => Math.max(greatest, value instanceof Decimal ? value.scale : 0), 0);
  const units = values.reduce((sum: bigint, value) => {
    const own = value instanceof Decimal ? value.scale : 0;
    return sum + BigInt(value instanceof Decimal ? value.units : value) * 10n ** BigInt(scale - own);
  }, 0n);
  return { units, scale: BigInt(scale) };
}

/** @throws LimitError for more than 38 digits */
function decimalOf({ units, scale }: { readonly units: bigint; readonly scale: bigint }): Decimal {
  let [rest, kept] = [units, scale];
  for (; kept > 0n && rest % 10n === 0n && (rest >= 10n ** 38n || rest <= -(10n ** 38n)); kept--) rest /= 10n;
  return Decimal.of(rest, Number(kept));
}

function integerOf(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
