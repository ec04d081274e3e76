import type { ClickHouseType } from "../record/clickhouse_type.ts";

/** Days since the epoch of the first and last day that Date32 can hold: 1900-01-01 and 2299-12-31. */
const DATE32_DAYS = [-25_567, 120_529] as const;
/**
 * Microseconds since the epoch of 1900-01-01, before which DateTime64(6) cannot go. Its end lies beyond safe integers.
 */
const DATETIME64_FIRST_US = DATE32_DAYS[0] * 86_400_000_000;

/** Types whose values are integers: days for dates, microseconds for `DateTime64(6)`. */
export type IntegerType = Extract<ClickHouseType, { name: "Int" | "UInt" | "Date" | "Date32" | "DateTime64" }>;

/**
 * Whether an integer (or days, or microseconds) fits a ClickHouse type. ClickHouse itself wraps what does not fit
 * without a word, so it must be found out before.
 */
export function integerRange(type: IntegerType): (value: number | bigint) => boolean {
  switch (type.name) {
    case "DateTime64":
      return between(DATETIME64_FIRST_US, Number.MAX_SAFE_INTEGER);
    case "Date":
      return between(0, 65_535);
    case "Date32":
      return between(...DATE32_DAYS);
    case "Int":
    case "UInt":
      return bitRange(type);
  }
}

function bitRange(
  { name, bits }: Extract<ClickHouseType, { name: "Int" | "UInt" }>,
): (value: number | bigint) => boolean {
  const unsigned = name === "UInt";
  if (bits <= 32) {
    return unsigned ? between(0, 2 ** bits - 1) : between(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
  }
  const [low, high] = unsigned
    ? [0n, (1n << BigInt(bits)) - 1n]
    : [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n];
  // A number here is a safe integer: nothing of 64 bits is too narrow for it but the sign.
  const lowest = Number(low);
  return (value) => typeof value === "number" ? value >= lowest : value >= low && value <= high;
}

function between(low: number, high: number): (value: number | bigint) => boolean {
  return (value) => value >= low && value <= high;
}
