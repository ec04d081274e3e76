import type { AggregateSpec } from "../dsl/aggregates.ts";
import type { AnyRow } from "../dsl/logical.ts";
import { Decimal } from "../record/decimal.ts";
import type { Row } from "../record/row.ts";
import { compareText } from "../record/text_order.ts";

/** Whether a value can be part of an exact total. */
export function isAddable({ kind }: AggregateSpec, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === "bigint" || value instanceof Decimal) return true;
  if (typeof value === "string") return kind === "min" || kind === "max";
  if (typeof value !== "number") return false;
  return kind === "min" || kind === "max" ? Number.isFinite(value) : Number.isSafeInteger(value);
}

/**
 * What an aggregate makes of the rows of one group.
 * @throws LimitError | TypeError for a total that is no value
 */
export function total(spec: AggregateSpec, rows: readonly Row[]): unknown {
  if (spec.kind === "count") return rows.length;
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

/** Numbers by value, texts by code point. @throws TypeError for a number beside a text */
function order(a: AnyRow, b: AnyRow): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "string" || typeof b === "string") throw new TypeError("numbers and texts have no common order");
  if (a instanceof Decimal || b instanceof Decimal) {
    return (a instanceof Decimal ? a : Decimal.of(a)).compare(b instanceof Decimal ? b : Decimal.of(b));
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
