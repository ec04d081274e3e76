import type { AppendPlan } from "../../plan/physical.ts";
import type { Clock } from "../../ports/clock.ts";
import { missingRows } from "../../ports/missing_rows.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import type { InputPlace, InputRange, Warehouse } from "../../ports/warehouse.ts";
import { ProductionError } from "../../record/errors.ts";
import { type BatchRow, rowsDigest, type StreamBatch } from "./stream_batch.ts";

const RETRY = { firstMs: 100, lastMs: 5_000 };

/** What appending needs of the world. */
export interface AppendWriterOptions {
  readonly warehouse: Pick<Warehouse, "append" | "appended">;
  readonly clock: Clock;
  /** An insert that whoever had the partition before has under way has ended when so much time has passed. */
  readonly formerInsertMs: number;
  /** Nothing more is added, now or ever. */
  readonly stopped: () => boolean;
  /**
   * Called before each try. @throws what ends the task, if the range is not announced any more in its name
   */
  readonly announced: () => Promise<void>;
  /** ClickHouse refused this one row for good. */
  readonly onRefused: (refused: { readonly sink: AppendPlan; readonly row: BatchRow }, error: Error) => void;
  /** The sink does not take rows (message), or takes them again (null). */
  readonly onState: (sink: AppendPlan, problem: string | null) => void;
  readonly onInserted: (sink: AppendPlan, insert: { readonly rows: number; readonly durationMs: number }) => void;
}

/**
 * Adds the rows of announced ranges to their tables, each once. The name of an insert is the range and what it holds,
 * so that the table knows it again, from whomever it comes.
 */
export class AppendWriter {
  readonly #options: AppendWriterOptions;

  constructor(options: AppendWriterOptions) {
    this.#options = options;
  }

  /** Adds all rows of a range. Resolves to false if it was stopped. */
  async append(batch: StreamBatch, range: InputRange): Promise<boolean> {
    const written = await Promise.all(
      [...batch.rows].map(([sink, rows]) => this.#insert({ sink, range, rows })),
    );
    return written.every((done) => done);
  }

  /**
   * Adds what is not there of a range that somebody announced and did not finish, as far as is known. `same`: these are
   * the very rows that were announced. Resolves to false if it was stopped.
   */
  async complete(
    batch: StreamBatch,
    { range, same }: { readonly range: InputRange; readonly same: boolean },
  ): Promise<boolean> {
    for (const [sink, rows] of batch.rows) {
      const there = await this.#there(sink, range);
      if (there === STOPPED) return false;
      if (missingRows(rows, there).length === 0) continue;
      if (same && there.length === 0) {
        if (!await this.#insert({ sink, range, rows, repeated: true })) return false;
        continue;
      }
      // Parts of the former owner's insert, or other rows than these, may be under way.
      await this.#options.clock.sleep(this.#options.formerInsertMs);
      const later = await this.#there(sink, range);
      if (later === STOPPED) return false;
      const missing = missingRows(rows, later);
      if (missing.length === 0) continue;
      if (!await this.#insert({ sink, range, rows: missing, repeated: true })) return false;
    }
    return true;
  }

  #there(sink: AppendPlan, range: InputRange): Promise<InputPlace[] | typeof STOPPED> {
    const { warehouse, clock, stopped, onState } = this.#options;
    return retry(() => warehouse.appended(sink.table, range), {
      clock,
      ...RETRY,
      retriable: (error) => error instanceof ProductionError,
      onState: (error) => onState(sink, error?.message ?? null),
      stopped,
    });
  }

  async #insert(insert: Insert): Promise<boolean> {
    const { sink, range, rows } = insert;
    const token = tokenOf(insert);
    const { warehouse, clock, stopped, announced, onState, onInserted, onRefused } = this.#options;
    const startedMs = clock.nowMs();
    let { repeated } = insert;
    const attempt = async () => {
      await announced();
      if (stopped()) return;
      const again = repeated ? { repeated } : {};
      repeated = true;
      await warehouse.append({ table: sink.table, range, rows, token, ...again });
    };
    try {
      const done = await retry(attempt, {
        clock,
        ...RETRY,
        retriable: (error) => error instanceof ProductionError && error.reason !== "content",
        onState: (error) => onState(sink, error?.message ?? null),
        stopped,
      });
      if (done === STOPPED || stopped()) return false;
      onInserted(sink, { rows: rows.length, durationMs: clock.nowMs() - startedMs });
      return true;
    } catch (error) {
      if (!(error instanceof ProductionError) || error.reason !== "content") throw error;
      onState(sink, null);
      if (rows.length === 1) {
        onRefused({ sink, row: rows[0] }, error);
        return true;
      }
      const half = rows.length >> 1;
      for (const part of [rows.slice(0, half), rows.slice(half)]) {
        if (!await this.#insert({ ...insert, rows: part })) return false;
      }
      return true;
    }
  }
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
