import type { Clock } from "../../ports/clock.ts";
import type { Warehouse } from "../../ports/warehouse.ts";

/** So long an answer is good: a process's timer and the tables' clock do not go equally fast. */
const GOOD_MS = 300_000;

/**
 * What time it is for the tables: their last answer, and what has passed since by this process's own timer. Never the
 * process's clock, which people set. It may be behind the tables' time, as an answer takes a while and a timer may
 * stand still, but not ahead.
 */
export class TableClock {
  readonly #warehouse: Pick<Warehouse, "nowMs">;
  readonly #clock: Pick<Clock, "elapsedMs">;
  #answer: { readonly tableMs: number; readonly elapsedMs: number } | null = null;

  constructor({ warehouse, clock }: {
    readonly warehouse: Pick<Warehouse, "nowMs">;
    readonly clock: Pick<Clock, "elapsedMs">;
  }) {
    this.#warehouse = warehouse;
    this.#clock = clock;
  }

  /** Milliseconds since the epoch, as far as is known: null before any answer, and when it is in doubt. */
  get knownMs(): number | null {
    if (this.#answer === null) return null;
    const sinceMs = this.#clock.elapsedMs() - this.#answer.elapsedMs;
    return sinceMs > GOOD_MS ? null : Math.floor(this.#answer.tableMs + sinceMs);
  }

  /** Milliseconds since the epoch; asks if that is not known. @throws ProductionError */
  async nowMs(): Promise<number> {
    return this.knownMs ?? await this.ask();
  }

  /** Milliseconds since the epoch, from the tables themselves. @throws ProductionError */
  async ask(): Promise<number> {
    const tableMs = await this.#warehouse.nowMs();
    this.#answer = { tableMs, elapsedMs: this.#clock.elapsedMs() };
    return tableMs;
  }

  /** It has turned out to be wrong. */
  doubt(): void {
    this.#answer = null;
  }
}
