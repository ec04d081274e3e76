import { Decimal } from "../record/decimal.ts";
import type { WordList } from "./word_list.ts";

/** How a chunk keeps its values. */
export const EMPTY = 0;
/** Null, undefined and truth values in a byte. */
export const FLAGS = 1;
/** Integers, or the units of decimals of one scale, in 4 bytes. */
export const INTEGERS = 2;
/** Numbers, or units, in 8 bytes. */
export const DOUBLES = 3;
/** Ids of words in 1, 2 and 4 bytes. */
export const WORDS_8 = 4;
export const WORDS_16 = 5;
export const WORDS_32 = 6;
/** Anything as it is. */
export const VALUES = 7;

/** In 4 bytes: null, or a value beside the others. In 8 bytes NaN says so. */
export const NONE: number = -(2 ** 31);
/** In a byte of {@link FLAGS}: a value beside the others. */
export const OTHER_FLAG = 4;
/** By the byte that stands for them. */
export const FLAG_VALUES: readonly unknown[] = [null, undefined, false, true];

/** The kind for a column that begins with `value`. */
export function kindOf(value: unknown, words: WordList): number {
  if (typeof value === "number") return value === value ? INTEGERS : VALUES;
  if (typeof value === "string") return words.abandoned ? VALUES : WORDS_8;
  if (typeof value === "boolean" || value === undefined) return FLAGS;
  return value instanceof Decimal && typeof value.units === "number" ? INTEGERS : VALUES;
}

/** Of a decimal; -1 of anything else. */
export function scaleOf(value: unknown): number {
  return value instanceof Decimal && typeof value.units === "number" ? value.scale : -1;
}

/** The kind and scale that most of the values have which are not null, and how many have another. At least one has. */
export function kindOfMost(
  values: readonly unknown[],
  words: WordList,
): { readonly kind: number; readonly scale: number; readonly others: number } {
  const tally = new Map<string, { kind: number; scale: number; count: number }>();
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    count++;
    const kind = kindOf(value, words);
    const scale = scaleOf(value);
    const tallied = tally.get(`${kind} ${scale}`);
    if (tallied === undefined) tally.set(`${kind} ${scale}`, { kind, scale, count: 1 });
    else tallied.count++;
  }
  const most = [...tally.values()].reduce((a, b) => a.count >= b.count ? a : b);
  return { kind: most.kind, scale: most.scale, others: count - most.count };
}
