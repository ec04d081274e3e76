/** Money in the demo store is integer cents while it is computed and text once it stands in a row: never a float. */

/** Cents of a numeric(_,2) text: `"12.30"` is 1230. */
export function centsOf(text: string): number {
  const point = text.indexOf(".");
  return Number(text.slice(0, point)) * 100 + Number(text.slice(point + 1));
}

/** The numeric(_,2) text of non-negative cents. */
export function moneyText(cents: number): string {
  return decimalText(cents, 2);
}

/**
 * The text of a non-negative `unscaled` / 10^scale, with exactly `scale` fractional digits, as PostgreSQL prints
 * numeric(_,scale).
 */
export function decimalText(unscaled: number, scale: number): string {
  const digits = String(unscaled).padStart(scale + 1, "0");
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The last second that was asked for: in a history one instant follows closely on the other. */
let cachedSecond = NaN;
let cachedText = "";

/** A timestamptz as Debezium writes it: UTC, always six fractional digits. */
export function timestampText(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== cachedSecond) {
    cachedText = new Date(second * 1000).toISOString().slice(0, 20);
    cachedSecond = second;
  }
  return `${cachedText}${String(micros - second * 1_000_000).padStart(6, "0")}Z`;
}

/** Microseconds since the epoch of such a timestamptz. */
export function microsOf(text: string): number {
  return Date.parse(`${text.slice(0, 19)}Z`) * 1_000 + Number(text.slice(20, 26));
}

/** Days since the epoch of an instant in microseconds: a PostgreSQL date as Debezium writes it. */
export function dayOf(micros: number): number {
  return Math.floor(micros / 86_400_000_000);
}
