import { mulberry32 } from "../../src/record/mulberry32.ts";

/** Integers below a bound from a seed: the same run gives the same values everywhere. */
export function randomFrom(seed: number): (below: number) => number {
  const next = mulberry32(seed);
  return (below) => next() * 2 ** 32 % below;
}
