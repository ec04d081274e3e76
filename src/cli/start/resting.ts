import type { RouteOptions } from "./routes.ts";

/** What a rest is made of. */
interface RestParts {
  /** Holds the demo store; what it gives lets go. Absent: there is none. */
  readonly hold?: () => Promise<() => void>;
  /** Waits until everything is applied; resolves to what is not. */
  readonly settled: (deadlineMs: number, signal: AbortSignal) => Promise<string[]>;
}

/** Brings an instance to rest for whoever asks, and knows whether somebody has it at rest, or is waiting for that. */
export class Resting {
  readonly #parts: RestParts;
  #resting = 0;

  constructor(parts: RestParts) {
    this.#parts = parts;
  }

  get under(): boolean {
    return this.#resting > 0;
  }

  /** As {@link RouteOptions.rest}. A rest that fails is over, as one that is let go of. */
  readonly rest: RouteOptions["rest"] = async (deadlineMs, signal) => {
    const { hold, settled } = this.#parts;
    let held: () => void = () => {};
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      this.#resting--;
      held();
    };
    this.#resting++;
    try {
      held = await hold?.() ?? held;
      return { unfinished: await settled(deadlineMs, signal), release };
    } catch (error) {
      release();
      throw error;
    }
  };
}
