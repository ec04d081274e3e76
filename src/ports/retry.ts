import { ProductionError } from "../record/errors.ts";
import type { Clock, Random } from "./clock.ts";

/** Waits that double from `firstMs` to `lastMs`; equal ones never grow. */
export interface Waits {
  readonly firstMs: number;
  readonly lastMs: number;
  /** With it a wait is half to the whole of that, so that those who failed together do not return together. */
  readonly random?: Random;
}

/** Waits for a service that may be away for long: soon again at first, then every few seconds. */
export const SERVICE_WAITS: Waits = { firstMs: 100, lastMs: 5_000 };

/** Milliseconds to wait after `failures` (at least 1) in a row. */
export function waitMsAfter(failures: number, { firstMs, lastMs, random }: Waits): number {
  const share = random === undefined ? 1 : 0.5 + random.next() / 2;
  return Math.min(firstMs * 2 ** (failures - 1), lastMs) * share;
}

/** How an action is repeated. */
export interface RetryOptions extends Waits {
  readonly clock: Pick<Clock, "sleep">;
  /** Whether another try may succeed; by default, if the error is a ProductionError that says so. */
  readonly retriable?: (error: Error) => boolean;
  /** A try failed and there will be another one (the error), or there is no more of that (null), however it ends. */
  readonly onState?: (error: Error | null) => void;
  /** True: there is no further try. */
  readonly stopped?: () => boolean;
}

/** What {@link retry} resolves to if it was stopped before a try succeeded. */
export const STOPPED: unique symbol = Symbol("stopped");

/**
 * Repeats `action` until it succeeds. Stopped, it does not try again, and it tells no error of the try that failed
 * meanwhile. Trouble that was told has an end that is told, too.
 * @throws what `action` threw, if that is not retriable
 */
export function retry<T>(
  action: () => Promise<T>,
  options: RetryOptions & { readonly stopped: () => boolean },
): Promise<T | typeof STOPPED>;
export function retry<T>(action: () => Promise<T>, options: RetryOptions & { readonly stopped?: never }): Promise<T>;
export async function retry<T>(action: () => Promise<T>, options: RetryOptions): Promise<T | typeof STOPPED> {
  const { clock, retriable = isRetriable, onState = () => {}, stopped = () => false } = options;
  let failures = 0;
  try {
    while (!stopped()) {
      try {
        return await action();
      } catch (thrown) {
        const error = thrown as Error;
        if (!retriable(error)) throw error;
        if (stopped()) break;
        onState(error);
        await clock.sleep(waitMsAfter(++failures, options));
      }
    }
    return STOPPED;
  } finally {
    if (failures > 0) onState(null);
  }
}

/** Whether a port said that the same may succeed later. */
export function isRetriable(error: Error): boolean {
  return error instanceof ProductionError && error.retriable;
}
