import { mulberry32 } from "../../src/record/mulberry32.ts";

/** Choices that depend on the seed alone. */
export interface Random {
  (below: number): number;
  readonly of: <T>(values: readonly T[]) => T;
}

export function randomOf(seed: number): Random {
  const next = mulberry32(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return Object.assign(below, { of: <T>(values: readonly T[]): T => values[below(values.length)] });
}
