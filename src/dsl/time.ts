import type { DurationParts } from "./start_of.ts";

const HOUR_US = 3_600_000_000;
const DAY_US = 86_400_000_000;

/** A length of time, the sum of its parts, which may be fractions: `{ days: 30 }`. */
export interface Duration extends DurationParts {
  /** Of 24 hours. */
  readonly days?: number;
  /** Of 1,000 microseconds. */
  readonly milliseconds?: number;
}

const PARTS_US: Readonly<Record<keyof Duration, number>> = {
  days: DAY_US,
  hours: HOUR_US,
  minutes: 60_000_000,
  seconds: 1_000_000,
  milliseconds: 1_000,
};

/** The whole microseconds of a duration. @throws TypeError for what is no duration, or a negative one */
export function durationUs(duration: Duration): number {
  const parts = typeof duration === "object" ? Object.entries(duration) : [];
  const us = parts.reduce((sum, [name, value]) => sum + Math.round(value * PARTS_US[name as keyof Duration]), 0);
  if (parts.length > 0 && Number.isSafeInteger(us) && us >= 0) return us;
  throw new TypeError(
    `Cannot take ${JSON.stringify(duration)} as a duration: write a sum of ${Object.keys(PARTS_US).join(", ")} that ` +
      "is not negative, such as { days: 30 }",
  );
}

/** Start of the UTC hour in which `timestampUs` lies. Microseconds since the epoch, in and out. */
export function startOfHour(timestampUs: number): number {
  return Math.floor(timestampUs / HOUR_US) * HOUR_US;
}

/** Start of the UTC day in which `timestampUs` lies. Microseconds since the epoch, in and out. */
export function startOfDay(timestampUs: number): number {
  return Math.floor(timestampUs / DAY_US) * DAY_US;
}

/** Days since the epoch (a ClickHouse Date) of the UTC day in which `timestampUs` (microseconds) lies. */
export function dateOf(timestampUs: number): number {
  return Math.floor(timestampUs / DAY_US);
}
