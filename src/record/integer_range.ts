import type { ClickHouseType } from "./clickhouse_type.ts";

/** Days since the epoch of the first and last day that Date32 can hold: 1900-01-01 and 2299-12-31. */
export const DATE32_DAYS = [-25_567, 120_529] as const;
/**
 * Microseconds since the epoch: from 1900-01-01, before which ClickHouse does not compute with DateTime64, to the last
 * that is a safe integer, on 2255-06-05. The last nanosecond of DateTime64(9) lies beyond, in 2262.
 */
export const DATETIME64_US = [DATE32_DAYS[0] * 86_400_000_000, Number.MAX_SAFE_INTEGER] as const;
/** Seconds of DateTime, in microseconds: to 2106-02-07 06:28:15. */
const DATETIME_US = [0, (2 ** 32 - 1) * 1_000_000] as const;
const US_DIGITS = 6;

/** Types whose values are integers: days for dates, microseconds for times of every precision. */
export type IntegerType = Extract<
  ClickHouseType,
  { name: "Int" | "UInt" | "Date" | "Date32" | "DateTime" | "DateTime64" }
>;

/** The least and the greatest value of a type. */
export function integerBounds(type: IntegerType): readonly [low: number | bigint, high: number | bigint] {
  switch (type.name) {
    case "DateTime":
      return DATETIME_US;
    case "DateTime64":
      return DATETIME64_US;
    case "Date":
      return [0, 65_535];
    case "Date32":
      return DATE32_DAYS;
    case "Int":
    case "UInt":
      return bitBounds(type);
  }
}

function bitBounds(
  { name, bits }: Extract<ClickHouseType, { name: "Int" | "UInt" }>,
): readonly [low: number | bigint, high: number | bigint] {
  const most = name === "UInt" ? bits : bits - 1;
  if (bits <= 32) return [name === "UInt" ? 0 : -(2 ** most), 2 ** most - 1];
  return [name === "UInt" ? 0n : -(1n << BigInt(most)), (1n << BigInt(most)) - 1n];
}

/**
 * Microseconds of the smallest step between two values of a type of times: 1000 for `DateTime64(3)`; 1 where the type
 * has more digits than a row's value.
 */
export function stepMicros({ precision }: { readonly precision: number }): number {
  return 10 ** Math.max(0, US_DIGITS - precision);
}

/** The digits that a type of times has beyond microseconds: 3 for `DateTime64(9)`. */
export function digitsBeyondMicros({ precision }: { readonly precision: number }): number {
  return Math.max(0, precision - US_DIGITS);
}

/** Microseconds, which the type must hold, as digits that ClickHouse reads: the number of the type's smallest steps. */
export function stepsText(type: { readonly precision: number }): (micros: number) => string {
  const step = stepMicros(type);
  if (step > 1) return (micros) => String(micros / step);
  const zeros = "0".repeat(digitsBeyondMicros(type));
  return (micros) => micros === 0 ? "0" : String(micros) + zeros;
}

/**
 * Whether an integer (or days, or microseconds) fits a ClickHouse type. ClickHouse itself wraps or cuts what does not
 * fit without a word, so it must be found out before: so also microseconds that a type of fewer digits would drop.
 */
export function integerRange(type: IntegerType): (value: number | bigint) => boolean {
  const [low, high] = integerBounds(type);
  const step = type.name === "DateTime" || type.name === "DateTime64" ? stepMicros(type) : 1;
  if (step > 1) {
    return (value) => value >= low && value <= high && Number(value) % step === 0;
  }
  if (typeof low === "number") return (value) => value >= low && value <= high;
  // A number here is a safe integer: nothing of 64 bits is too narrow for it but the sign.
  const lowest = Number(low);
  return (value) => typeof value === "number" ? value >= lowest : value >= low && value <= high;
}
