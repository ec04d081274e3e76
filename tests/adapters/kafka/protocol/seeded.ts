import { mulberry32 } from "../../../../src/record/mulberry32.ts";

/** Numbers from 0 (inclusive) to 1 that depend on the seed alone. */
export type Random = () => number;

/** Runs `check` with a new seed, and names the seed when it fails. */
export async function withSeed(check: (random: Random) => void | Promise<void>): Promise<void> {
  const seed = Number(Deno.env.get("WEIR_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  try {
    await check(mulberry32(seed));
  } catch (error) {
    throw new Error(`failed with WEIR_TEST_SEED=${seed}: ${(error as Error).message}`, { cause: error });
  }
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}
