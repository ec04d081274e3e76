import { DeserializationError } from "../record/errors.ts";
import { NumberText } from "./column_type.ts";

/** Deepest nesting of arrays and objects that is looked into. A row needs three levels. */
export const NESTING_MAX = 64;

interface ReviverContext {
  readonly source?: string;
}

type ExactParse = (text: string, reviver: (key: string, value: unknown, context: ReviverContext) => unknown) => unknown;

/**
 * JSON.parse with every number as {@link NumberText}. Several times slower than JSON.parse, so only for the records
 * that need it.
 * @throws SyntaxError if `text` is not JSON. @throws DeserializationError `too_deep`, because revivers run recursively
 */
export function parseExact(text: string): unknown {
  if (textNesting(text) > NESTING_MAX) throw tooDeep();
  // TypeScript's library does not know the reviver's third argument yet.
  return (JSON.parse as ExactParse)(
    text,
    (_key, value, { source }) => typeof value === "number" ? exactNumber(source ?? String(value), "numbers") : value,
  );
}

/** Beyond it a double of an integer text is a neighbour, even where the last digits happen to be right. */
const UNSAFE = 2 ** 53;
/** As Java's BigInteger and BigDecimal write integers. Doubles have a point, or an exponent after few digits. */
const INTEGER = /^(-?\d+)(?:[eE]\+?(\d{1,2}))?$/;
/** The text of an integer, of a numeric with scale perhaps. */
const TEXT_INTEGER = /^\s*([+-]?\d{1,400})(?:\.0*)?\s*$/;
/** Digits that every double keeps. */
const DOUBLE_DIGITS = 15;

/** True if `value` is a number that JSON.parse may have made of an integer beyond 2^53. */
export function isUnsafe(value: unknown): boolean {
  return typeof value === "number" && (value >= UNSAFE || value <= -UNSAFE);
}

/** How many such numbers, or bigints, are in `value` at any depth. */
export function countUnsafe(value: unknown): { numbers: number; bigints: number } {
  const found = { numbers: 0, bigints: 0 };
  const look = (inner: unknown, depth: number): void => {
    if (isUnsafe(inner)) found.numbers++;
    else if (typeof inner === "bigint") found.bigints++;
    else if (typeof inner === "object" && inner !== null && depth < NESTING_MAX) {
      for (const element of Object.values(inner)) look(element, depth + 1);
    }
  };
  look(value, 0);
  return found;
}

/**
 * True if somewhere in `value` a number stands where `wire` has the text of another integer beyond 2^53, as
 * `z.coerce.number()` makes it.
 */
export function roundsText(wire: unknown, value: unknown): boolean {
  if (typeof wire === "string") {
    const digits = isUnsafe(value) ? TEXT_INTEGER.exec(wire)?.[1] : undefined;
    return digits !== undefined && BigInt(digits) !== BigInt(value as number);
  }
  if (typeof wire !== "object" || wire === null || typeof value !== "object" || value === null) return false;
  return Object.entries(wire).some(([name, inner]) => roundsText(inner, (value as Record<string, unknown>)[name]));
}

/** True if a number beyond 2^53 came into `value` where `wire` has bigints, as `z.coerce.number()` makes it of them. */
export function roundsInteger(wire: unknown, value: unknown): boolean {
  if (typeof wire !== "bigint" && typeof wire !== "object") return false;
  const before = countUnsafe(wire);
  return before.bigints > 0 && countUnsafe(value).numbers > before.numbers;
}

/** JSON.parse with integers beyond 2^53 as bigints. @throws SyntaxError, DeserializationError as {@link parseExact} */
export function parseIntegers(text: string): unknown {
  if (textNesting(text) > NESTING_MAX) throw tooDeep();
  return (JSON.parse as ExactParse)(
    text,
    (_key, value, { source }) => isUnsafe(value) ? exactNumber(source ?? String(value), "integers") : value,
  );
}

/** What a number with this text is in the one form or the other, whether a double holds it or not. */
export function exactNumber(source: string, form: "numbers" | "integers"): unknown {
  return form === "numbers" ? new NumberText(source) : integerOf(source) ?? Number(source);
}

function integerOf(source: string): bigint | null {
  const match = INTEGER.exec(source);
  if (match === null) return null;
  const [, digits, exponent] = match;
  if (exponent === undefined) return BigInt(digits);
  return digits.length <= DOUBLE_DIGITS ? null : BigInt(digits) * 10n ** BigInt(exponent);
}

/** True if arrays and objects inside `value` are nested deeper than {@link NESTING_MAX}. Takes no stack. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > NESTING_MAX) return true;
    const next: unknown[] = [];
    for (const element of level) {
      if (typeof element !== "object" || element === null) continue;
      for (const inner of Object.values(element)) if (typeof inner === "object" && inner !== null) next.push(inner);
    }
    level = next;
  }
  return false;
}

/** The error of a record that is nested too deeply. */
export function tooDeep(): DeserializationError {
  return new DeserializationError(
    "too_deep",
    `Cannot read the record as a row: it is nested deeper than ${NESTING_MAX} levels. ` +
      `Debezium writes no such rows: look at the producer`,
  );
}

function textNesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === 92) index++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 123 || code === 91) deepest = Math.max(deepest, ++depth);
    else if (code === 125 || code === 93) depth--;
  }
  return deepest;
}
