/**
 * Waits that grow from `firstMs` to `lastMs`, with up to a fifth of each at random so that clients do not return all at
 * once.
 */
export interface Backoff {
  /** How long to wait now. */
  nextMs(): number;
  reset(): void;
}

export function createBackoff(firstMs = 50, lastMs = 2_000): Backoff {
  let currentMs = firstMs;
  return {
    nextMs() {
      const waitMs = currentMs * (0.9 + 0.2 * Math.random());
      currentMs = Math.min(2 * currentMs, lastMs);
      return waitMs;
    },
    reset() {
      currentMs = firstMs;
    },
  };
}
