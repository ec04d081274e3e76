import { mulberry32 } from "../record/mulberry32.ts";

/** A stream of random choices that is a function of its seed. */
export interface Choices {
  /** In [0, 1). */
  next(): number;
  /** An integer in [least, most]; `least` when the interval is empty. */
  between(least: number, most: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
}

/**
 * The choices of one transaction or one row: mulberry32, started from a hash of `seed` and `path`. Every transaction
 * having its own stream is what lets a store go on after a crash without keeping a generator's state: transaction 4711
 * chooses alike whenever it runs.
 */
export function choicesOf(seed: number, ...path: readonly number[]): Choices {
  let state = mix(seed | 0, Math.floor(seed / 4294967296));
  for (const step of path) state = mix(mix(state, step), Math.floor(step / 4294967296));
  const next = mulberry32(state);
  return {
    next,
    between: (least, most) => most <= least ? least : least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick: (values) => values[Math.floor(next() * values.length)],
  };
}

/** One round of murmur3's finaliser over both numbers. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b | 0, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
