import { randomFrom } from "../record/support.ts";

/** Choices that depend on the seed alone. */
export interface Random {
  (below: number): number;
  readonly of: <T>(values: readonly T[]) => T;
}

export function randomOf(seed: number): Random {
  const below = randomFrom(seed);
  return Object.assign(below, { of: <T>(values: readonly T[]): T => values[below(values.length)] });
}
