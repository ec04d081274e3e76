import { mulberry32 } from "../../src/record/mulberry32.ts";

/** Random choices that a seed decides. */
export interface Choices {
  /** An integer in [0, below). */
  int(below: number): number;
  of<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
}

export function choicesOf(seed: number): Choices {
  const next = mulberry32(seed * 2_654_435_761);
  const int = (below: number) => Math.floor(next() * below);
  return { int, of: (list) => list[int(list.length)], chance: (probability) => next() < probability };
}
