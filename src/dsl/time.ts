const HOUR_US = 3_600_000_000;
const DAY_US = 86_400_000_000;

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
