import { dayText, microsText } from "../record/calendar.ts";
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

/**
 * A number that does not fit a type of times as a date, with what the type holds and which type holds more; null for
 * another type or value.
 */
export function timeText(type: ClickHouseType, value: unknown): string | null {
  if (type.name !== "Date" && type.name !== "Date32" && type.name !== "DateTime64") return null;
  if (typeof value !== "number" || !Number.isInteger(value) || integerRange(type)(value)) return null;
  const { calendar, holds, wider } = TIMES[type.name];
  const text = calendar(value);
  return `${value}${text === null ? "" : ` (${text})`}; ${type.bare} holds ${holds}, ${wider}`;
}

const TIMES: Readonly<Record<"Date" | "Date32" | "DateTime64", TimeRange>> = {
  Date: { calendar: dayText, holds: "1970-01-01 to 2149-06-06", wider: "Date32 1900-01-01 to 2299-12-31" },
  Date32: { calendar: dayText, holds: "1900-01-01 to 2299-12-31", wider: "Int32 any number of days since 1970" },
  DateTime64: { calendar: microsText, holds: "1900-01-01 to 2255-06-05", wider: "Int64 any microseconds since 1970" },
};

interface TimeRange {
  readonly calendar: (value: number) => string | null;
  readonly holds: string;
  readonly wider: string;
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
