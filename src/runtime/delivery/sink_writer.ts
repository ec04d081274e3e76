import type { Clock } from "../../ports/clock.ts";
import type { DeleteRow, TableSpec, UpsertRow, Warehouse } from "../../ports/warehouse.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ProductionError, toldOf } from "../../record/errors.ts";
import { InsertPace, type InsertPaceOptions } from "./insert_pace.ts";
import { type OutgoingRow, WaitingRows } from "./waiting_rows.ts";

/** One insert takes no further row once it has so many bytes. */
const BATCH_BYTES_MAX = 32 * 1024 * 1024;

/** What a sink writer needs. */
export interface SinkWriterOptions {
  readonly table: TableSpec;
  /** Columns that were added to the table just now; none if absent. */
  readonly added?: readonly string[];
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly pace: Omit<InsertPaceOptions, "clock">;
  readonly batchRowsMax: number;
  /** ClickHouse refused this one row for good. */
  readonly onRefused: (row: OutgoingRow, error: Error) => void;
  /** A bug in a listener: nothing is written any more. */
  readonly onFailed: (error: Error) => void;
  /** ClickHouse does not answer (message), or answers again (null). */
  readonly onState: (problem: string | null) => void;
  /** Whether problems may quote rows. */
  readonly quotesRows: boolean;
  /** An insert was acknowledged. `sourceMs`: timestamp of the first source record behind it; 0 if unknown. */
  readonly onInserted: (
    insert: { readonly rows: number; readonly durationMs: number; readonly sourceMs: number },
  ) => void;
}

/**
 * Writes one table: keeps the newest row per key while it waits, inserts one batch at a time, repeats the same rows
 * until they are acknowledged, and finds a row that ClickHouse refuses by halving the batch.
 */
export class SinkWriter {
  readonly table: TableSpec;
  /** Columns that were added to the table just before the start. */
  readonly added: readonly string[];
  /** The last try to insert failed. */
  troubled = false;
  readonly #options: SinkWriterOptions;
  readonly #pace: InsertPace;
  readonly #waiting: WaitingRows;
  #inFlight = 0;
  #inFlightBytes = 0;
  /** Timestamp of the source records behind the first row waiting. */
  #firstSourceMs = 0;
  #running = false;
  #closed = false;
  #urgent: (() => void) | null = null;
  #batch = 1;
  #barriers: { batch: number; resolve: () => void }[] = [];

  constructor(options: SinkWriterOptions) {
    this.table = options.table;
    this.added = options.added ?? [];
    this.#options = options;
    this.#waiting = new WaitingRows(options.table.output === undefined ? "by id" : "as they came");
    this.#pace = new InsertPace({ ...options.pace, clock: options.clock });
  }

  /** Rows not acknowledged yet. */
  get pendingRows(): number {
    return this.#waiting.size + this.#inFlight;
  }

  /** Bytes of their lines and keys. */
  get pendingBytes(): number {
    return this.#waiting.bytes + this.#inFlightBytes;
  }

  /**
   * The row is kept, with a copy of its line: the caller may overwrite what `row.line` was. `sourceMs`: timestamp of
   * the source records being taken, milliseconds since the epoch; 0 if unknown.
   */
  put(row: OutgoingRow, sourceMs = 0): void {
    if (this.#closed) return;
    if (this.#firstSourceMs === 0) this.#firstSourceMs = sourceMs;
    this.#waiting.put(row);
    if (!this.#running) {
      this.#running = true;
      this.#run().catch(this.#options.onFailed);
    } else if (this.#isFull) this.#urgent?.();
  }

  /** Resolves when every row put so far is acknowledged (or refused). Does not wait for the interval. */
  barrier(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    const batch = this.#waiting.size > 0 ? this.#batch : this.#batch - 1;
    this.#urgent?.();
    return new Promise((resolve) => this.#barriers.push({ batch, resolve }));
  }

  /** Throws away what waits. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#urgent?.();
    this.#release(Infinity);
  }

  /** A whole insert's worth waits. */
  get #isFull(): boolean {
    return this.#waiting.size >= this.#options.batchRowsMax || this.#waiting.bytes >= BATCH_BYTES_MAX;
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const hurried = this.#barriers.some((barrier) => barrier.batch <= this.#batch);
      if (!this.#isFull && !hurried) await this.#pause();
      this.#pace.begin();
      const sourceMs = this.#firstSourceMs;
      this.#firstSourceMs = 0;
      const rows = this.#take();
      await this.#insert(rows, sourceMs);
      this.#pace.end(rows.length);
      this.#inFlight = this.#inFlightBytes = 0;
      this.#release(this.#batch - 1);
    }
    this.#running = false;
    this.#release(this.#batch);
  }

  /** Until the next insert may begin. What is put in this turn goes along in any case. */
  async #pause(): Promise<void> {
    const { clock } = this.#options;
    const { waitMs } = this.#pace;
    if (waitMs === 0) return await clock.breathe();
    const abort = new AbortController();
    this.#urgent = () => {
      // Once is enough, and to abort again is slow.
      this.#urgent = null;
      abort.abort();
    };
    await clock.sleep(waitMs, abort.signal);
    this.#urgent = null;
  }

  /** At most one insert's worth; a key put again meanwhile waits for the next batch. */
  #take(): OutgoingRow[] {
    const waitingBytes = this.#waiting.bytes;
    const rows = this.#waiting.take({ rowsMax: this.#options.batchRowsMax, bytesMax: BATCH_BYTES_MAX });
    if (this.#waiting.size === 0) this.#batch++;
    this.#inFlight = rows.length;
    this.#inFlightBytes = waitingBytes - this.#waiting.bytes;
    return rows;
  }

  #release(upTo: number): void {
    const ready = this.#barriers.filter((barrier) => barrier.batch <= upTo);
    this.#barriers = this.#barriers.filter((barrier) => barrier.batch > upTo);
    for (const barrier of ready) barrier.resolve();
  }

  /** `sourceMs`: timestamp of the first source record behind the rows; 0 if unknown. */
  async #insert(rows: readonly OutgoingRow[], sourceMs: number): Promise<void> {
    const { warehouse, clock, onInserted, onRefused } = this.#options;
    const startedMs = clock.nowMs();
    const upserts = rows.filter((row) => "line" in row) as UpsertRow[];
    const deletes = rows.filter((row) => !("line" in row)) as DeleteRow[];
    try {
      const inserted = await retry(() => warehouse.insert({ table: this.table, upserts, deletes }), {
        clock,
        ...SERVICE_WAITS,
        retriable: (error) => !isRefusal(error),
        onState: (error) => this.#setTrouble(error),
        stopped: () => this.#closed,
      });
      if (inserted === STOPPED) return;
      // Trouble of the whole batch may end with the first part of it.
      this.#setTrouble(null);
      onInserted({ rows: rows.length, durationMs: clock.nowMs() - startedMs, sourceMs });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // ClickHouse answers again; there may be no later insert that says so.
      this.#setTrouble(null);
      if (rows.length === 1) return onRefused(rows[0], error);
      const half = rows.length >> 1;
      await this.#insert(rows.slice(0, half), sourceMs);
      await this.#insert(rows.slice(half), sourceMs);
    }
  }

  #setTrouble(error: Error | null): void {
    if (error === null && !this.troubled) return;
    this.troubled = error !== null;
    this.#options.onState(error === null ? null : toldOf(error, this.#options));
  }
}

/**
 * Whether ClickHouse refused the rows for what is in them. Every other failure may pass, also one that takes a person:
 * a right that was taken away, a full disk. It would meet all rows alike, so none may be set aside for it.
 */
function isRefusal(error: unknown): error is ProductionError {
  return error instanceof ProductionError && error.reason === "content";
}
