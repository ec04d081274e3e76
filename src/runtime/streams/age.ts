import type { Clock } from "../../ports/clock.ts";

/**
 * How old an instance is. It ages by its timer, which nobody sets, and by the clock where that says more: the timer may
 * stand still while the machine sleeps. So it is never younger than it is; a clock that is set forward makes it older.
 */
export class Age {
  readonly #clock: Pick<Clock, "nowMs" | "elapsedMs">;
  #ms = 0;
  #nowMs: number;
  #elapsedMs: number;

  constructor(clock: Pick<Clock, "nowMs" | "elapsedMs">) {
    this.#clock = clock;
    this.#nowMs = clock.nowMs();
    this.#elapsedMs = clock.elapsedMs();
  }

  /** Whole milliseconds. */
  get ms(): number {
    const [nowMs, elapsedMs] = [this.#clock.nowMs(), this.#clock.elapsedMs()];
    this.#ms += Math.max(0, nowMs - this.#nowMs, elapsedMs - this.#elapsedMs);
    this.#nowMs = nowMs;
    this.#elapsedMs = elapsedMs;
    return Math.floor(this.#ms);
  }
}
