import { LimitError } from "./errors.ts";

/**
 * Greatest number of significant digits, and of fraction digits, of a {@link Decimal}: those of ClickHouse's
 * Decimal128.
 */
export const DECIMAL_DIGITS_MAX = 38;

/**
 * Integer units and how many of their digits are the fraction. `units` is a safe integer, or a bigint if it must be.
 */
export interface ScaledUnits {
  readonly units: number | bigint;
  readonly scale: number;
}

/** First magnitude with more than {@link DECIMAL_DIGITS_MAX} digits. */
export const MAGNITUDE_LIMIT = 10n ** BigInt(DECIMAL_DIGITS_MAX);
const GRAMMAR = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;
/**
 * Longer texts are refused unread: no value of 38 digits needs them, and big integers of a million digits take seconds.
 */
const TEXT_MAX = 20_000;
/** 10^power by power, up to the greatest that is below 2^53. */
export const POWERS: readonly number[] = Array.from({ length: 16 }, (_, power) => 10 ** power);
const BIG_POWERS = Array.from({ length: 2 * DECIMAL_DIGITS_MAX + 1 }, (_, power) => 10n ** BigInt(power));

/** 10^power as a bigint, for powers up to 76. */
export function bigPower(power: number): bigint {
  return BIG_POWERS[power];
}

/** `units` as a number where that is exact. @throws LimitError with more than 38 digits */
export function fitted(units: bigint): number | bigint {
  if (units >= MAGNITUDE_LIMIT || units <= -MAGNITUDE_LIMIT) throw overflow(units.toString());
  const small = Number(units);
  return Number.isSafeInteger(small) ? small : units;
}

/** The error of a value that needs more than 38 digits. */
export function overflow(digits: string): LimitError {
  const shown = digits.length > 60 ? `${digits.slice(0, 60)}... (${digits.length} characters)` : digits;
  return new LimitError(
    "DECIMAL_DIGITS_MAX",
    `Cannot hold "${shown}" as a decimal of at most ${DECIMAL_DIGITS_MAX} digits. Round it, or keep it as text`,
  );
}

/**
 * Units and scale of a decimal text: an optional minus, digits, an optional fraction, an optional exponent. The
 * fraction's trailing zeros are kept ("19.90" has scale 2). `null` if `text` is not a decimal.
 * @throws LimitError if the value needs more than 38 digits
 */
export function parseScaled(text: string): ScaledUnits | null {
  if (text.length > TEXT_MAX) throw overflow(text);
  const match = GRAMMAR.exec(text);
  if (match === null) return null;
  const fraction = match[3] ?? "";
  let digits = (match[2] + fraction).replace(/^0+(?=\d)/, "");
  let scale = fraction.length - Number(match[4] ?? 0);
  if (digits === "0") return { units: 0, scale: Math.min(Math.max(scale, 0), DECIMAL_DIGITS_MAX) };
  if (scale < 0) {
    if (digits.length - scale > DECIMAL_DIGITS_MAX) throw overflow(text);
    digits += "0".repeat(-scale);
    scale = 0;
  }
  while (scale > 0 && (scale > DECIMAL_DIGITS_MAX || digits.length > DECIMAL_DIGITS_MAX) && digits.endsWith("0")) {
    digits = digits.slice(0, -1);
    scale--;
  }
  if (scale > DECIMAL_DIGITS_MAX || digits.length > DECIMAL_DIGITS_MAX) throw overflow(text);
  const units = BigInt(digits);
  return { units: fitted(match[1] === "-" ? -units : units), scale };
}

/** Plain text, never with an exponent, with exactly `scale` fraction digits. */
export function formatScaled(units: number | bigint, scale: number): string {
  if (scale === 0) return units.toString();
  if (typeof units === "number" && units >= 0 && scale < POWERS.length) {
    // Both operations are exact, as a division of `units` itself would not be.
    const fraction = units % POWERS[scale];
    return `${(units - fraction) / POWERS[scale]}.${String(fraction).padStart(scale, "0")}`;
  }
  const negative = units < 0;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}
