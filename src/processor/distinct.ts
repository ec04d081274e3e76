import { keyValueText } from "../record/key.ts";
import { DistinctValues } from "../state/distinct_values.ts";
import type { Algebra } from "./algebra.ts";

/** What a row contributes to a number of different values. @throws TypeError for what cannot be compared */
export function distinctOf(name: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  try {
    keyValueText(value);
  } catch (cause) {
    throw new TypeError(`Cannot count "${name}": ${(cause as Error).message}`, { cause });
  }
  return value;
}

/**
 * The different values of a group. A share has no part of them, as most of it would be told again and again: each
 * value that comes or goes is told by itself.
 */
export const DISTINCT: Algebra = {
  zero: () => new DistinctValues(),
  add(state, value) {
    (state as DistinctValues).add(keyValueText(value));
    return state;
  },
  remove(state, value) {
    (state as DistinctValues).remove(keyValueText(value));
    return state;
  },
  part: () => null,
};
