import { Exception } from "./clickhouse_exception.ts";

/** How many statements may be under way, and how many may wait for that. */
export interface PlaceLimits {
  readonly statementsMax: number;
  readonly waitingMax: number;
}

/** Places for statements, which must be entered and left. */
export interface Places {
  /** Waits for a place, and gives what leaves it. @throws Exception 202 (TOO_MANY_SIMULTANEOUS_QUERIES) */
  enter(): Promise<() => void>;
}

/** First come, first served. */
export function places({ statementsMax, waitingMax }: PlaceLimits): Places {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function enter(): Promise<() => void> {
    if (running >= statementsMax) {
      if (waiting.length >= waitingMax) {
        throw new Exception(
          { code: 202, codeName: "TOO_MANY_SIMULTANEOUS_QUERIES" },
          `Too many simultaneous queries: ${running + waiting.length}`,
        );
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      // The place goes from hand to hand, so that nobody who comes in between takes it.
      const next = waiting.shift();
      if (next) next();
      else running--;
    };
  }

  return { enter };
}
