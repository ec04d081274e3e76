/** Milliseconds from the epoch to the first and last instant that JavaScript's calendar has. */
const DATE_MS_MAX = 8.64e15;
const DAY_MS = 86_400_000;

/** A number of days since the epoch as `1899-12-31`; null for a day that no calendar here has. */
export function dayText(days: number): string | null {
  return Math.abs(days * DAY_MS) <= DATE_MS_MAX ? new Date(days * DAY_MS).toISOString().replace(/T.*/, "") : null;
}

/** A number of microseconds since the epoch as `1899-12-31T23:59:59.999999Z`; null for what no calendar here has. */
export function microsText(micros: number): string | null {
  const ms = Math.floor(micros / 1000);
  if (!(Math.abs(ms) <= DATE_MS_MAX)) return null;
  return `${new Date(ms).toISOString().slice(0, -1)}${String(micros - ms * 1000).padStart(3, "0")}Z`;
}
