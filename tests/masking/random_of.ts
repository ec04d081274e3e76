import { mulberry32 } from "../../src/record/mulberry32.ts";

/** Choices that a seed repeats. */
export interface Choices {
  readonly seed: number;
  below(limit: number): number;
  chance(): boolean;
}

export function randomOf(seed: number): Choices {
  const next = mulberry32(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return { seed, below, chance: () => below(2) === 0 };
}
