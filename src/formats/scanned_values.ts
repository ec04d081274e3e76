import type { Exactness } from "./column_reader.ts";
import { REFUSED } from "./column_type.ts";
import { exactNumber } from "./exact_json.ts";
import { cursor, scratch, take, token } from "./scanned_bytes.ts";
import { scannedText, skipText, textEnd } from "./scanned_texts.ts";

const QUOTE = 34, COMMA = 44, MINUS = 45, POINT = 46, COLON = 58, SPACE = 32, ZERO = 48;
const OPEN_LIST = 91, CLOSE_LIST = 93, OPEN = 123, CLOSE = 125;
const LOWER_E = 101, LOWER_F = 102, LOWER_N = 110, LOWER_T = 116;

/** Deeper values are left to the parser. */
const SCANNED_NESTING_MAX = 16;
/** A number of so many digits, divided by a power of ten, is the double that JSON.parse gives: both are exact. */
const EXACT_DIGITS = 16;
const POWERS = Array.from({ length: EXACT_DIGITS }, (_, power) => 10 ** power);

/**
 * The JSON value that begins here, as JSON.parse gives it, and moves behind it. REFUSED for what is no JSON, has white
 * space between its tokens or is nested deeply.
 */
export function scannedValue(): unknown {
  const byte = scratch[cursor.at];
  if (byte === QUOTE) return scannedText();
  if (byte === MINUS || (byte >= ZERO && byte <= 57)) return scannedNumber();
  if (byte === LOWER_N || byte === LOWER_T || byte === LOWER_F) return scannedName(byte);
  if (byte === OPEN_LIST) return scannedList();
  return byte === OPEN ? scannedObject() : REFUSED;
}

/**
 * The value between `from` and the cursor again, where JSON.parse may have rounded it: a number in the form that its
 * column reads. REFUSED for a list or an object.
 */
export function exactValue(from: number, form: Exactness["form"]): unknown {
  const byte = scratch[from];
  return byte === OPEN || byte === OPEN_LIST ? REFUSED : exactNumber(scratch.toString("latin1", from, cursor.at), form);
}

/** As {@link scannedValue}, without making a text; false for REFUSED. */
export function skipValue(): boolean {
  return scratch[cursor.at] === QUOTE ? skipText() : scannedValue() !== REFUSED;
}

const NULL = token("null"), TRUE = token("true"), FALSE = token("false");

/** null, true or false. */
function scannedName(first: number): unknown {
  if (first === LOWER_N) return take(NULL) ? null : REFUSED;
  if (first === LOWER_T) return take(TRUE) ? true : REFUSED;
  return take(FALSE) ? false : REFUSED;
}

/** An integer that a double holds exactly, but for -0. REFUSED, without moving, for any other value. */
export function scannedInteger(): number | typeof REFUSED {
  let at = cursor.at;
  const negative = scratch[at] === MINUS;
  if (negative) at++;
  const first = at;
  let value = 0;
  let digit = scratch[at] - ZERO;
  while (digit >= 0 && digit <= 9) {
    value = value * 10 + digit;
    digit = scratch[++at] - ZERO;
  }
  const digits = at - first;
  // With a leading zero it is no JSON, or 0 itself.
  if (digits === 0 || digits > EXACT_DIGITS || (scratch[first] === ZERO && (digits > 1 || negative))) return REFUSED;
  if (value > Number.MAX_SAFE_INTEGER || scratch[at] === POINT || (scratch[at] | SPACE) === LOWER_E) return REFUSED;
  cursor.at = at;
  return negative ? -value : value;
}

/** Any number, as JSON.parse reads it: 16 digits with a power of ten beside them at once, others by the engine. */
function scannedNumber(): number | typeof REFUSED {
  const integer = scannedInteger();
  if (integer !== REFUSED) return integer;
  const from = cursor.at;
  const negative = scratch[from] === MINUS;
  const first = negative ? from + 1 : from;
  let at = first;
  let value = 0;
  let digits = 0;
  let point = -1;
  for (;; at++) {
    const digit = scratch[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
    } else if (digit === POINT - ZERO && point < 0 && digits > 0) point = at;
    else break;
  }
  const whole = point < 0 ? digits : point - first;
  if (digits === 0 || (whole > 1 && scratch[first] === ZERO) || point === at - 1) return REFUSED;
  const end = exponentEnd(at);
  if (end < 0) return REFUSED;
  cursor.at = end;
  if (end !== at || digits > EXACT_DIGITS || value > Number.MAX_SAFE_INTEGER) {
    return Number(scratch.toString("latin1", from, end));
  }
  if (digits > whole) value /= POWERS[digits - whole];
  return negative ? -value : value;
}

/** The place after the exponent that begins at `at`, if one does; -1 if it has no digits. */
function exponentEnd(at: number): number {
  if ((scratch[at] | SPACE) !== LOWER_E) return at;
  let here = at + 1;
  if (scratch[here] === 43 || scratch[here] === MINUS) here++;
  const first = here;
  while (scratch[here] >= ZERO && scratch[here] <= 57) here++;
  return here === first ? -1 : here;
}

let listDepth = 0;

function scannedList(): unknown {
  if (scratch[cursor.at + 1] === CLOSE_LIST) {
    cursor.at += 2;
    return [];
  }
  if (listDepth >= SCANNED_NESTING_MAX) return REFUSED;
  listDepth++;
  const values: unknown[] = [];
  let byte: number;
  do {
    cursor.at++;
    const value = scannedValue();
    byte = value === REFUSED ? 0 : scratch[cursor.at];
    values.push(value);
  } while (byte === COMMA);
  listDepth--;
  cursor.at++;
  return byte === CLOSE_LIST ? values : REFUSED;
}

/** Its end is found by counting brackets outside of texts; whether it is JSON says the parser. */
function scannedObject(): unknown {
  const from = cursor.at;
  let at = from;
  let depth = 0;
  do {
    const byte = scratch[at++];
    if (byte === QUOTE) {
      const end = textEnd(at);
      if (end < 0) return REFUSED;
      at = end + 1;
    } else if (byte === OPEN || byte === OPEN_LIST) {
      // The envelope's own `source` is searched for by its key and brace, so none may stand in the row.
      if (++depth > SCANNED_NESTING_MAX || (byte === OPEN && endsKeySource(at - 1))) return REFUSED;
    } else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
    else if (byte === 0) return REFUSED;
  } while (depth > 0);
  cursor.at = at;
  try {
    return JSON.parse(scratch.toString("utf8", from, at));
  } catch (error) {
    if (error instanceof SyntaxError) return REFUSED;
    throw error;
  }
}

/** Whether what stands before `at` could be the end of `"source":`. */
function endsKeySource(at: number): boolean {
  return scratch[at - 1] === COLON && scratch[at - 2] === QUOTE && scratch[at - 3] === LOWER_E &&
    scratch[at - 4] === 99;
}
