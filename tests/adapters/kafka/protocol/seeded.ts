/** Numbers from 0 (inclusive) to 1 that depend on the seed alone. */
export type Random = () => number;

/** mulberry32: small and good enough to shuffle test data. */
export function seeded(seed: number): Random {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Runs `check` with a new seed, and names the seed when it fails. */
export async function withSeed(check: (random: Random) => void | Promise<void>): Promise<void> {
  const seed = Number(Deno.env.get("WEIR_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  try {
    await check(seeded(seed));
  } catch (error) {
    throw new Error(`failed with WEIR_TEST_SEED=${seed}: ${(error as Error).message}`, { cause: error });
  }
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}
