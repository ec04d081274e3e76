/**
 * Numbers in [0, 1), in steps of 2^-32, that depend on the 32 bits of `seed` alone: for data that must come out the
 * same on every machine (the demo's store, tests, the simulation). Not for secrets: whoever knows one number knows the
 * next.
 *
 * Source: mulberry32 by Tommy Ettinger, 2017, in the public domain,
 * https://gist.github.com/tommyettinger/46a874533244883189143505d203312c. Its text is C; `Math.imul` is C's product of
 * two `uint32_t`.
 */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => mulberry32At(state = (state + MULBERRY32_STEP) | 0);
}

/** What is added to the state before each number. */
export const MULBERRY32_STEP = 0x6d2b79f5;

/** The number of a state, for a generator that must be able to go back to one. */
export function mulberry32At(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
