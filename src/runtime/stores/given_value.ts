import { Decimal } from "../../record/decimal.ts";
import { keyValueText } from "../../record/key.ts";
import { compareText } from "../../record/text_order.ts";
import { compareOrdered, type Ordered } from "../../state/multiset.ts";

/**
 * A value of a key as somebody has typed it: `42` is the number of a column of numbers, and the text of one of texts.
 */
export interface GivenValue {
  readonly text: string;
  /** The number that it is, or null. */
  readonly number: Ordered | null;
}

/** What is no number and no text, in order. */
const WORDS: readonly string[] = ["null", "false", "true"];

/** @throws LimitError for a number of too many digits */
export function givenValue(text: string): GivenValue {
  if (/^-?\d+$/.test(text)) return { text, number: BigInt(text) };
  return { text, number: Decimal.tryParse(text) };
}

/** A value of a program. @throws TypeError for what can be no key */
export function givenOf(value: unknown): GivenValue {
  if (typeof value === "string") return givenValue(value);
  return givenValue(keyValueText(value));
}

/** The values that it may be, for a look under their very key. */
export function* meanings({ text, number }: GivenValue): Generator<unknown> {
  if (number !== null) yield typeof number === "bigint" && isSafe(number) ? Number(number) : number;
  if (text === "true" || text === "false") yield text === "true";
  if (text === "null") yield null;
  yield text;
}

/** Negative, 0 or positive: null, truth values, numbers, texts, as stores are ordered. */
export function compareWithGiven(held: unknown, given: GivenValue): number {
  if (typeof held === "string") return compareText(held, given.text);
  const place = WORDS.indexOf(given.text);
  if (held === null || typeof held === "boolean") return place < 0 ? -1 : WORDS.indexOf(String(held)) - place;
  if (given.number === null) return place < 0 ? -1 : 1;
  // A fraction is the double that its digits mean.
  if (typeof held === "number" && !Number.isSafeInteger(held)) return compareOrdered(held, Number(given.text));
  return compareOrdered(held as Ordered, given.number);
}

/** Whether a text begins with what is given, or another value is that. */
export function beginsWithGiven(held: unknown, given: GivenValue): boolean {
  return typeof held === "string" ? held.startsWith(given.text) : compareWithGiven(held, given) === 0;
}

function isSafe(number: bigint): boolean {
  return number >= Number.MIN_SAFE_INTEGER && number <= Number.MAX_SAFE_INTEGER;
}
