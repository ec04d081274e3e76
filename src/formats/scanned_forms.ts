import { Decimal, DECIMAL_DIGITS_MAX } from "../record/decimal.ts";
import { columnTypeOf, REFUSED } from "./column_type.ts";
import { daysOfDigits, MICROS_OF_DAY, MICROS_OF_SECOND } from "./iso_time.ts";
import { readsIntegers, unwrapped } from "./key_form.ts";
import type { ReadyColumn } from "./row_reader.ts";
import { cursor, scratch } from "./scanned_bytes.ts";
import { scannedInteger } from "./scanned_values.ts";

const QUOTE = 34, MINUS = 45, POINT = 46, COLON = 58, UPPER_T = 84, UPPER_Z = 90;
/** Digits of which every number is exact. */
const SAFE_DIGITS = 15;
/** Years that begin with these digits lie well within the range of times. */
const CENTURY_MIN = 19, CENTURY_MAX = 21;
/** Digits of microseconds. */
const FRACTION_MAX = 6;

/**
 * Reads a value in the form that its column nearly always has, as the column's `read` does. REFUSED, without moving,
 * for any other, of which nothing is said.
 */
export type ReadForm = () => unknown;

/** The form of `column`'s values; null if it has none that is worth it. */
export function formOf({ schema, asked }: Pick<ReadyColumn, "schema" | "asked">): ReadForm | null {
  if (asked) return null;
  const inner = unwrapped(schema);
  if (readsIntegers(inner)) return scannedInteger;
  const type = columnTypeOf(inner);
  if (type === null) return null;
  if (type.name === "uuid") return uuidText;
  if (type.exact === "numbers" && type.integer !== true) {
    const { scale, precision = DECIMAL_DIGITS_MAX } = type;
    if (scale === undefined) return () => decimalText(-1, precision);
    // Digits alone may be base64.
    return scale === 0 ? null : () => decimalText(scale, precision - scale);
  }
  if (type.zeroRefused === true) return null;
  return type.time?.kind === "timestamp" && type.time.unit === "microseconds" ? timestampText : null;
}

/**
 * The decimal in `"19.90"`, of at most `whole` digits before the point and exactly `scale` after it; of any number, or
 * without point, if `scale` is -1.
 */
function decimalText(scale: number, whole: number): Decimal | typeof REFUSED {
  let at = cursor.at;
  if (scratch[at] !== QUOTE) return REFUSED;
  const negative = scratch[++at] === MINUS;
  if (negative) at++;
  const first = at;
  let units = 0;
  let digit = scratch[at] - 48;
  while (digit >= 0 && digit <= 9) {
    units = units * 10 + digit;
    digit = scratch[++at] - 48;
  }
  let digits = at - first;
  if (digits === 0 || digits > whole) return REFUSED;
  let fraction = 0;
  if (scratch[at] === POINT) {
    const point = at;
    digit = scratch[++at] - 48;
    while (digit >= 0 && digit <= 9) {
      units = units * 10 + digit;
      digit = scratch[++at] - 48;
    }
    fraction = at - point - 1;
    if (fraction === 0) return REFUSED;
    digits += fraction;
  }
  if (scratch[at] !== QUOTE || digits > SAFE_DIGITS || (scale >= 0 && fraction !== scale)) return REFUSED;
  cursor.at = at + 1;
  return Decimal.of(negative ? 0 - units : units, fraction);
}

/** Microseconds since the epoch of `"2026-11-22T04:35:30.238997Z"`, 1900 to 2199, with up to six digits at the end. */
function timestampText(): number | typeof REFUSED {
  const from = cursor.at + 1;
  if (
    scratch[from - 1] !== QUOTE || scratch[from + 4] !== MINUS || scratch[from + 7] !== MINUS ||
    scratch[from + 10] !== UPPER_T || scratch[from + 13] !== COLON || scratch[from + 16] !== COLON
  ) return REFUSED;
  let at = from + 19;
  let micros = 0;
  if (scratch[at] === POINT) {
    const first = ++at;
    let digit = scratch[at] - 48;
    while (digit >= 0 && digit <= 9) {
      micros = micros * 10 + digit;
      digit = scratch[++at] - 48;
    }
    const digits = at - first;
    if (digits === 0 || digits > FRACTION_MAX) return REFUSED;
    for (let missing = digits; missing < FRACTION_MAX; missing++) micros *= 10;
  }
  if (scratch[at] !== UPPER_Z || scratch[at + 1] !== QUOTE) return REFUSED;
  const century = twoDigits(from);
  const year = twoDigits(from + 2);
  if (century < CENTURY_MIN || century > CENTURY_MAX || year > 99) return REFUSED;
  const date = ((century * 100 + year) * 100 + twoDigits(from + 5)) * 100 + twoDigits(from + 8);
  const days = date === last.date ? last.days : daysOf(date);
  const hour = twoDigits(from + 11);
  const minute = twoDigits(from + 14);
  const second = twoDigits(from + 17);
  if (minute > 59 || second > 59) return REFUSED;
  const clock = ((hour * 60 + minute) * 60 + second) * MICROS_OF_SECOND + micros;
  // Also of an hour beyond 24, and of one that is no number.
  if (clock > MICROS_OF_DAY || Number.isNaN(days)) return REFUSED;
  cursor.at = at + 2;
  return days * MICROS_OF_DAY + clock;
}

/** The date that was read last: the times of one row, and those of its neighbours, often have one date. */
const last = { date: 0, days: NaN };

function daysOf(date: number): number {
  last.date = date;
  return last.days = daysOfDigits(date);
}

/** 100 if one of them is no digit. */
function twoDigits(at: number): number {
  const tens = scratch[at] - 48;
  const ones = scratch[at + 1] - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
}

/** Between the groups of digits of a uuid. */
const HYPHENS = [8, 13, 18, 23];
const UUID_LENGTH = 36;
/** Hexadecimal digits in lower case. */
const HEX = new Uint8Array(256);
for (const byte of new TextEncoder().encode("0123456789abcdef")) HEX[byte] = 1;

/** A uuid in lower case, as PostgreSQL writes it. */
function uuidText(): string | typeof REFUSED {
  const from = cursor.at + 1;
  const end = from + UUID_LENGTH;
  if (scratch[from - 1] !== QUOTE || scratch[end] !== QUOTE) return REFUSED;
  for (let index = 0; index < HYPHENS.length; index++) if (scratch[from + HYPHENS[index]] !== MINUS) return REFUSED;
  let digits = 0;
  for (let at = from; at < end; at++) digits += HEX[scratch[at]];
  if (digits !== UUID_LENGTH - HYPHENS.length) return REFUSED;
  cursor.at = end + 1;
  return scratch.toString("latin1", from, end);
}
