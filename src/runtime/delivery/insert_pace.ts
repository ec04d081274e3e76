import type { Clock } from "../../ports/clock.ts";
import type { BusyTables } from "../busy_tables.ts";

/** An insert that holds so many rows is followed by a pause twice as long as one of a single row. */
const ROWS_PER_PAUSE = 500;
/** Inserts into one table take four fifths of the time at most, as far as the flush interval allows. */
const DURATION_SHARE = 4 / 5;
/** More tables than these, written at the same time, share what these may have together. */
const TABLES_AT_FULL_PACE = 2;

/** What the pace of one table's inserts depends on. */
export interface InsertPaceOptions {
  readonly clock: Clock;
  /** Inserts into this table a second, by all instances together. */
  readonly insertsPerSecond: number;
  /** Longest pause from the begin of one insert to the begin of the next. */
  readonly flushIntervalMs: number;
  readonly tables: Pick<BusyTables, "begin" | "count">;
  /** Which part of the table's tasks this instance has, 0..1, now. */
  readonly share: () => number;
}

/**
 * When the next insert into one table may begin. The first one after a quiet time may at once, and so may a second one
 * with what gathered meanwhile. From then on the pauses keep to the number of inserts a second, so that ClickHouse's
 * parts do not pile up: each insert is a part that must be merged. They are longer where much is written, as latency is
 * worth less there than large inserts, where ClickHouse is slow, and where many tables or instances are at work; but
 * never longer than the flush interval.
 */
export class InsertPace {
  readonly #options: InsertPaceOptions;
  #begunMs = 0;
  /** What was inserted so far is paid for then. The next insert may begin one pause earlier. */
  #paidMs = 0;
  #pauseMs = 0;

  constructor(options: InsertPaceOptions) {
    this.#options = options;
  }

  /** Milliseconds until the next insert may begin; 0 if it may now. */
  get waitMs(): number {
    return Math.max(0, this.#paidMs - this.#pauseMs - this.#options.clock.nowMs());
  }

  /** An insert begins. */
  begin(): void {
    const { clock, tables } = this.#options;
    this.#begunMs = clock.nowMs();
    tables.begin(this);
  }

  /** The insert begun last, of so many rows, has ended. */
  end(rows: number): void {
    const { clock, insertsPerSecond, flushIntervalMs, tables, share } = this.#options;
    const crowd = Math.max(1, tables.count / TABLES_AT_FULL_PACE) / share();
    this.#pauseMs = Math.min(flushIntervalMs, crowd * 1_000 / insertsPerSecond);
    const durationMs = clock.nowMs() - this.#begunMs;
    const costMs = Math.max(this.#pauseMs * (1 + rows / ROWS_PER_PAUSE), durationMs / DURATION_SHARE);
    this.#paidMs = Math.max(this.#begunMs, this.#paidMs) + Math.min(flushIntervalMs, costMs);
  }
}
