import { setImmediate } from "node:timers";
import type { Clock } from "../../ports/clock.ts";

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener("abort", end);
    });
  },
  // A turn of the event loop: a timer of 0 ms would take a thousand times as long.
  breathe: () => new Promise((resolve) => void setImmediate(resolve)),
};
