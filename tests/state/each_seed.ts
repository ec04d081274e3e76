/** Attempts with the seeds 1 to `seeds`; what one throws is the cause of an error that names the seed. */
export function eachSeed(seeds: number, attempt: (seed: number) => void): void {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      attempt(seed);
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
}
