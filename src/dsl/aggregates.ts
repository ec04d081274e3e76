import type { Decimal } from "../record/decimal.ts";
import type { Aggregate } from "./aggregate_spec.ts";

/** A number that can be added up without error: an integer or an exact decimal. */
export type Exact = number | bigint | Decimal;

/** A value that has an order. */
export type Comparable = number | bigint | string | Decimal;

/**
 * Adds up the values; null is skipped, a group without values sums to 0. Floats are refused, by topology() where the
 * row schema tells them, else row by row. Use a decimal.
 */
export function sum<V, T extends Exact | null>(value: (row: V) => T): Aggregate<V, Exclude<T, null>> {
  return { spec: { kind: "sum", value, scale: 0 } };
}

/** The number of rows of the group. */
export function count<V>(): Aggregate<V, number> {
  return { spec: { kind: "count", value: null, scale: 0 } };
}

/**
 * The number of different values; null is skipped. Values are equal as keys are: numbers by value (1.5 is 1.50), texts
 * if all their characters are.
 */
export function countDistinct<V>(value: (row: V) => Comparable | boolean | null): Aggregate<V, number> {
  return { spec: { kind: "countDistinct", value } };
}

/** The mean of the non-null values, cut (not rounded) after `scale` digits; null when there are none. */
export function avg<V, T extends Exact | null>(
  value: (row: V) => T,
  scale = 6,
): Aggregate<V, Decimal | (null extends T ? null : never)> {
  return { spec: { kind: "avg", value, scale } };
}

/** The smallest non-null value; null when there are none. */
export function min<V, T extends Comparable | null>(value: (row: V) => T): Aggregate<V, T> {
  return { spec: { kind: "min", value, scale: 0 } };
}

/** The greatest non-null value; null when there are none. */
export function max<V, T extends Comparable | null>(value: (row: V) => T): Aggregate<V, T> {
  return { spec: { kind: "max", value, scale: 0 } };
}
