import { mulberry32 } from "../../../src/record/mulberry32.ts";

/** Random choices that a seed decides. */
export interface Choices {
  /** In [0, 1). */
  next(): number;
  /** An integer in [0, below). */
  int(below: number): number;
  of<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
}

export function choicesOf(seed: number): Choices {
  const next = mulberry32(Math.imul(seed, 2_654_435_761));
  const int = (below: number) => Math.floor(next() * below);
  return { next, int, of: (list) => list[int(list.length)], chance: (probability) => next() < probability };
}
