import type { Clock } from "../ports/clock.ts";

/** A table counts as written for so long after an insert began. */
const BUSY_MS = 1_000;

/** Which tables are being written: known to all writers of one ClickHouse in a process. */
export class BusyTables {
  readonly #clock: Clock;
  /** When the last insert into each began, milliseconds since the epoch. */
  readonly #begunMs = new Map<object, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An insert of this writer begins. */
  begin(writer: object): void {
    this.#begunMs.set(writer, this.#clock.nowMs());
  }

  /** Tables written within the last second. */
  get count(): number {
    const sinceMs = this.#clock.nowMs() - BUSY_MS;
    for (const [writer, begunMs] of this.#begunMs) if (begunMs < sinceMs) this.#begunMs.delete(writer);
    return this.#begunMs.size;
  }
}
