import type { Clock } from "../ports/clock.ts";

interface Sleeper {
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Sets the clock forward; sleepers whose time has come are woken in the order of their times. */
  advance(ms: number): void;
  /** Milliseconds until the next sleeper wakes, or null when nobody sleeps. */
  nextMs(): number | null;
}

/** A clock starting at `startMs`, milliseconds since the epoch. */
export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = startMs;
  let order = 0;
  const sleepers = new Set<Sleeper>();
  const first = (): Sleeper | null => {
    let best: Sleeper | null = null;
    for (const sleeper of sleepers) {
      if (best === null || sleeper.atMs < best.atMs || (sleeper.atMs === best.atMs && sleeper.order < best.order)) {
        best = sleeper;
      }
    }
    return best;
  };
  return {
    nowMs: () => nowMs,
    elapsedMs: () => nowMs - startMs,
    breathe: () => Promise.resolve(),
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper = { atMs: nowMs + ms, order: order++, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", () => sleepers.delete(sleeper) && resolve(), { once: true });
      });
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (let sleeper = first(); sleeper !== null && sleeper.atMs <= endMs; sleeper = first()) {
        sleepers.delete(sleeper);
        nowMs = Math.max(nowMs, sleeper.atMs);
        sleeper.wake();
      }
      nowMs = endMs;
    },
    nextMs() {
      const sleeper = first();
      return sleeper === null ? null : Math.max(0, sleeper.atMs - nowMs);
    },
  };
}
