import { setImmediate } from "node:timers";
import type { Clock } from "../../../src/ports/clock.ts";

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves the time on; sleeps that end meanwhile are over. */
  advance(ms: number): void;
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let nowMs = startMs;
  const sleeping = new Set<{ untilMs: number; wake(): void }>();
  return {
    nowMs: () => nowMs,
    elapsedMs: () => nowMs - startMs,
    breathe: () => new Promise((resolve) => void setImmediate(resolve)),
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper = { untilMs: nowMs + ms, wake: () => void (sleeping.delete(sleeper), resolve()) };
        sleeping.add(sleeper);
        signal?.addEventListener("abort", sleeper.wake);
      });
    },
    advance(ms) {
      nowMs += ms;
      for (const sleeper of [...sleeping]) if (sleeper.untilMs <= nowMs) sleeper.wake();
    },
  };
}
