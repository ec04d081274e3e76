import type { AppendPlan } from "../../plan/physical.ts";
import type { Clock } from "../../ports/clock.ts";
import { missingRows } from "../../ports/missing_rows.ts";
import { retry, SERVICE_WAITS, STOPPED, waitMsAfter } from "../../ports/retry.ts";
import { APPEND_EXECUTION_MS, type InputPlace, type InputRange, type Warehouse } from "../../ports/warehouse.ts";
import { ProductionError, toldOf } from "../../record/errors.ts";
import { type BatchRow, rowsDigest, type StreamBatch } from "./stream_batch.ts";
import type { TableClock } from "./table_clock.ts";

/** So often it is asked whether the time is over for which one waits. */
const ASK_MS = 5_000;

/** What appending needs of the world. */
export interface AppendWriterOptions {
  readonly warehouse: Pick<Warehouse, "append" | "appended">;
  readonly clock: Clock;
  readonly tableClock: Pick<TableClock, "knownMs" | "ask" | "doubt">;
  /** Nothing more is added, now or ever. */
  readonly stopped: () => boolean;
  /**
   * Announces once more what is announced, and resolves to the deadline under which it may be sent then; `mixed`: other
   * rows than these may be sent. @throws what ends the task, if the range is not announced in its name any more
   */
  readonly announceAgain: (how: { readonly mixed: boolean }) => Promise<number>;
  /** ClickHouse refused this one row for good. */
  readonly onRefused: (refused: { readonly sink: AppendPlan; readonly row: BatchRow }, error: Error) => void;
  /** The sink does not take rows (message), or takes them again (null). */
  readonly onState: (sink: AppendPlan, problem: string | null) => void;
  /** Whether problems may quote rows. */
  readonly quotesRows: boolean;
  readonly onInserted: (sink: AppendPlan, insert: { readonly rows: number; readonly durationMs: number }) => void;
}

/** An announced range, and until when its rows may be sent: the tables' time, milliseconds since the epoch. */
export interface AnnouncedRange {
  readonly range: InputRange;
  readonly deadlineMs: number;
}

/**
 * Adds the rows of announced ranges to their tables, each once. The name of an insert is the range and what it holds,
 * so that the table knows it again, from whomever it comes; for longer than it remembers names, each insert has a
 * deadline, after which the table refuses it, however long it was under way.
 */
export class AppendWriter {
  readonly #options: AppendWriterOptions;
  /** Sinks that have said that an insert came too late. */
  readonly #late = new Set<AppendPlan>();

  constructor(options: AppendWriterOptions) {
    this.#options = options;
  }

  /** Adds all rows of a range that was announced just now, and never before. Resolves to false if it was stopped. */
  async append(batch: StreamBatch, { range, deadlineMs }: AnnouncedRange): Promise<boolean> {
    const written = await Promise.all([...batch.rows].map(async ([sink, rows]) => {
      const outcome = await this.#send({ sink, range, rows }, deadlineMs);
      if (outcome !== "late") return outcome === "stored";
      return await this.#settle({ sink, range, rows, same: true }, deadlineMs);
    }));
    return written.every((done) => done);
  }

  /**
   * Adds what is not there of a range that somebody announced and did not finish, as far as is known, before that
   * deadline. `same`: these are the very rows that were announced. Resolves to false if it was stopped.
   */
  async complete(
    batch: StreamBatch,
    { range, deadlineMs, same }: AnnouncedRange & { readonly same: boolean },
  ): Promise<boolean> {
    for (const [sink, rows] of batch.rows) {
      if (!await this.#settle({ sink, range, rows, same }, deadlineMs)) return false;
    }
    return true;
  }

  /** Sees to it that the rows are there. What was sent of the range so far begins before the deadline, or never. */
  async #settle({ sink, range, rows, same }: Unsettled, deadlineMs: number): Promise<boolean> {
    const { clock, announceAgain, onState } = this.#options;
    let sentUntilMs = deadlineMs;
    const settled = () => {
      if (this.#late.delete(sink)) onState(sink, null);
      return true;
    };
    for (let tries = 0;; tries++) {
      if (tries > 0) await clock.sleep(waitMsAfter(tries, SERVICE_WAITS));
      let there = await this.#there(sink, range);
      if (there === STOPPED) return false;
      if (missingRows(rows, there).length === 0) return settled();
      if (!same || there.length > 0) {
        // Other parts of an insert, or other rows than these, may be under way.
        if (!await this.#waitUntil(sentUntilMs + APPEND_EXECUTION_MS, sink)) return false;
        there = await this.#there(sink, range);
        if (there === STOPPED) return false;
      }
      const missing = missingRows(rows, there);
      if (missing.length === 0) return settled();
      const againMs = await announceAgain({ mixed: !same });
      if (same && there.length === 0) {
        // Since that look the table may have forgotten any number of names.
        const now = await this.#there(sink, range);
        if (now === STOPPED) return false;
        if (now.length > 0) continue;
      }
      sentUntilMs = againMs;
      const outcome = await this.#send({ sink, range, rows: missing, repeated: true }, againMs);
      if (outcome !== "late") return outcome === "stored" && settled();
    }
  }

  #there(sink: AppendPlan, range: InputRange): Promise<InputPlace[] | typeof STOPPED> {
    return this.#patiently(sink, () => this.#options.warehouse.appended(sink.table, range));
  }

  /** Resolves to true when the tables' time is later; to false if it was stopped before. */
  async #waitUntil(tableMs: number, sink: AppendPlan): Promise<boolean> {
    const { clock, tableClock, onState } = this.#options;
    for (let waits = 0;; waits++) {
      const nowMs = await this.#patiently(sink, () => tableClock.ask());
      if (nowMs === STOPPED) return false;
      if (nowMs > tableMs) {
        if (waits > 0) onState(sink, null);
        return true;
      }
      const until = new Date(tableMs).toISOString();
      onState(sink, `rows of an unfinished insert into "${sink.table.name}" may still come until ${until}: it waits`);
      await clock.sleep(Math.min(ASK_MS, tableMs - nowMs + 1));
    }
  }

  /** Repeats what fails for now. */
  #patiently<T>(sink: AppendPlan, ask: () => Promise<T>): Promise<T | typeof STOPPED> {
    const { clock, stopped, onState } = this.#options;
    return retry(ask, {
      clock,
      ...SERVICE_WAITS,
      retriable: (error) => error instanceof ProductionError,
      onState: (error) => onState(sink, error === null ? null : toldOf(error, this.#options)),
      stopped,
    });
  }

  /** Sends rows until they are acknowledged, or the deadline is over. */
  async #send(insert: Insert, deadlineMs: number): Promise<Outcome> {
    const { sink, range, rows } = insert;
    const token = tokenOf(insert);
    const { warehouse, clock, tableClock, stopped, onState, onInserted } = this.#options;
    const startedMs = clock.nowMs();
    let { repeated } = insert;
    const attempt = async (): Promise<Outcome> => {
      if ((tableClock.knownMs ?? 0) > deadlineMs) return "late";
      const again = repeated ? { repeated } : {};
      repeated = true;
      await warehouse.append({ table: sink.table, range, rows, token, deadlineMs, ...again });
      return "stored";
    };
    try {
      const outcome = await retry(attempt, {
        clock,
        ...SERVICE_WAITS,
        retriable: (error) => error instanceof ProductionError && error.reason !== "content" && error.reason !== "late",
        onState: (error) => onState(sink, error === null ? null : toldOf(error, this.#options)),
        stopped,
      });
      if (stopped()) return STOPPED;
      if (outcome === "stored") onInserted(sink, { rows: rows.length, durationMs: clock.nowMs() - startedMs });
      return outcome;
    } catch (error) {
      if (!(error instanceof ProductionError)) throw error;
      if (error.reason === "late") {
        tableClock.doubt();
        this.#late.add(sink);
        onState(sink, toldOf(error, this.#options));
        return "late";
      }
      if (error.reason !== "content") throw error;
      return await this.#divide({ ...insert, error }, deadlineMs);
    }
  }

  /** Sends the rows of which one was refused in halves, down to that one. */
  async #divide({ error, ...insert }: Insert & { readonly error: Error }, deadlineMs: number): Promise<Outcome> {
    const { sink, rows } = insert;
    this.#options.onState(sink, null);
    if (rows.length === 1) {
      this.#options.onRefused({ sink, row: rows[0] }, error);
      return "stored";
    }
    const half = rows.length >> 1;
    for (const part of [rows.slice(0, half), rows.slice(half)]) {
      const outcome = await this.#send({ ...insert, rows: part }, deadlineMs);
      if (outcome !== "stored") return outcome;
    }
    return "stored";
  }
}

/** `late`: the deadline is over, and what was sent may be there or not. */
type Outcome = "stored" | "late" | typeof STOPPED;

interface Unsettled {
  readonly sink: AppendPlan;
  readonly range: InputRange;
  readonly rows: readonly BatchRow[];
  /** These are the rows that were announced. */
  readonly same: boolean;
}

interface Insert {
  readonly sink: AppendPlan;
  readonly range: InputRange;
  readonly rows: readonly BatchRow[];
  /** Somebody may have sent it before. */
  readonly repeated?: true;
}

/** The content is part of the name: other rows of the same range must not be taken for these. */
function tokenOf({ range: { source, partition, from, to }, rows }: Insert): string {
  return `${source}/${partition} ${from}-${to} ${rowsDigest(rows)}`;
}
