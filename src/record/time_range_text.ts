import { dayText, microsText } from "./calendar.ts";
import type { ClickHouseType } from "./clickhouse_type.ts";
import { integerBounds } from "./integer_range.ts";

interface TimeRange {
  readonly calendar: (value: number) => string | null;
  readonly holds: string;
  readonly wider: string;
}

const TIMES: Readonly<Record<"Date" | "Date32" | "DateTime" | "DateTime64", TimeRange>> = {
  Date: { calendar: dayText, holds: "1970-01-01 to 2149-06-06", wider: "Date32 1900-01-01 to 2299-12-31" },
  Date32: { calendar: dayText, holds: "1900-01-01 to 2299-12-31", wider: "Int32 any number of days since 1970" },
  DateTime: {
    calendar: microsText,
    holds: "1970-01-01 to 2106-02-07",
    wider: "DateTime64(0) 1900-01-01 to 2255-06-05",
  },
  DateTime64: { calendar: microsText, holds: "1900-01-01 to 2255-06-05", wider: "Int64 any microseconds since 1970" },
};

/**
 * A number beyond what a type of times holds as a date, with what the type holds and which type holds more; null for
 * another type or value.
 */
export function timeRangeText(type: ClickHouseType, value: unknown): string | null {
  if (!isTime(type) || typeof value !== "number" || !Number.isInteger(value)) return null;
  const [low, high] = integerBounds(type);
  if (value >= low && value <= high) return null;
  const { calendar, holds, wider } = TIMES[type.name];
  const text = calendar(value);
  return `${value}${text === null ? "" : ` (${text})`}; ${type.bare} holds ${holds}, ${wider}`;
}

function isTime(type: ClickHouseType): type is Extract<ClickHouseType, { name: keyof typeof TIMES }> {
  return type.name in TIMES;
}
