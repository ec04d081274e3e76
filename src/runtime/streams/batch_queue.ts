import type { Fetched, LogRecord } from "../../ports/log.ts";
import { StreamBatch } from "./stream_batch.ts";

/** Batches that wait for ClickHouse before reading stops. */
const WAITING_MAX = 2;
const BYTES_MAX = 16 * 1024 * 1024;
/** Of a batch without rows, as only inserts are better for being large: what waits is in memory. */
const EVENT_BYTES_MAX = 512 * 1024;
/** A range is not longer, whatever its records make. */
export const RANGE_OFFSETS_MAX = 100_000;

/** Evaluates records into a batch, which reaches to `nextOffset` then. */
type Evaluate = (
  part: { readonly records: readonly LogRecord[]; readonly nextOffset: number },
  batch: StreamBatch,
) => void;

/** Where a queue begins. */
export interface BatchQueueOptions {
  readonly position: number;
  /** Where a batch ends, whatever follows: everything below was brought out before. At least `position`. */
  readonly doneTo: number;
  /** The records from there to below this offset make one batch, whatever their number: somebody has announced it. */
  readonly announcedTo: number | null;
  /** Rows, events and changed keys of a batch. */
  readonly rowsMax: number;
  /** Characters of what a stage keeps: all may be of one key, and be written as a whole. */
  readonly factCharsMax: number;
  readonly evaluate: Evaluate;
  /** Nothing more is evaluated into the batch. */
  readonly sealed?: (batch: StreamBatch) => void;
}

/** What was read of a partition and waits to be added: batches that follow each other without a gap. */
export class BatchQueue {
  readonly #options: BatchQueueOptions;
  readonly #announcedTo: number;
  readonly #sealed: StreamBatch[] = [];
  #addedUs = -Infinity;
  #open: StreamBatch;

  constructor(options: BatchQueueOptions) {
    this.#options = options;
    this.#announcedTo = options.announcedTo ?? options.position;
    this.#open = new StreamBatch(options.position);
  }

  /** The next offset to read. */
  get position(): number {
    return this.#open.to;
  }

  /** Whether the announced range is not read to its end. */
  get recovers(): boolean {
    return this.position >= this.#options.doneTo && this.position < this.#announcedTo;
  }

  /** So much waits that nothing more must be read. */
  get full(): boolean {
    return this.#sealed.length >= WAITING_MAX;
  }

  /** All that wait, in their order. */
  get batches(): readonly StreamBatch[] {
    return [...this.#sealed, this.#open];
  }

  /** Evaluates what was fetched. */
  take({ records, nextOffset }: Pick<Fetched, "records" | "nextOffset">): void {
    const limit = this.position < this.#options.doneTo ? this.#options.doneTo : this.#announcedTo;
    if (this.position >= limit || nextOffset < limit) return this.#add(records, nextOffset);
    const behind = records.findIndex(({ offset }) => offset >= limit);
    this.#add(behind < 0 ? records : records.slice(0, behind), limit);
    this.#seal();
    if (nextOffset > limit) this.take({ records: behind < 0 ? [] : records.slice(behind), nextOffset });
  }

  #add(records: readonly LogRecord[], nextOffset: number): void {
    const { evaluate, rowsMax, factCharsMax } = this.#options;
    evaluate({ records, nextOffset }, this.#open);
    const { outputs, bytes, rowCount, from, to, facts } = this.#open;
    const bytesMax = rowCount === 0 ? EVENT_BYTES_MAX : BYTES_MAX;
    const full = outputs >= rowsMax || bytes >= bytesMax || facts.chars >= factCharsMax ||
      to - from >= RANGE_OFFSETS_MAX / 2;
    if (full && !this.recovers) this.#seal();
  }

  #seal(): void {
    this.#options.sealed?.(this.#open);
    this.#sealed.push(this.#open);
    this.#open = new StreamBatch(this.#open.to);
  }

  /** Takes out the next batch of which anything comes out and that can be added; null if there is none. */
  next(): StreamBatch | null {
    if (!this.#dropEmpty() && !this.recovers && this.#open.outputs > 0) this.#seal();
    return this.#sealed.shift() ?? null;
  }

  /** Whether {@link next} would give a batch. */
  get hasNext(): boolean {
    return this.#dropEmpty() || (!this.recovers && this.#open.outputs > 0);
  }

  /** Everything below was read, and waits for nothing. */
  get quietTo(): number {
    this.#dropEmpty();
    const first = this.#sealed[0] ?? this.#open;
    return first.outputs > 0 || this.recovers ? first.from : first.to;
  }

  /** A batch is brought out. */
  added({ timeUs }: StreamBatch): void {
    this.#addedUs = Math.max(this.#addedUs, timeUs);
  }

  /** The newest time of events that wait for nothing, microseconds since the epoch; -Infinity before any. */
  get clockUs(): number {
    return this.#dropEmpty() || this.#open.outputs > 0 ? this.#addedUs : Math.max(this.#addedUs, this.#open.timeUs);
  }

  /** Returns whether a sealed batch with outputs is left. */
  #dropEmpty(): boolean {
    while (this.#sealed[0]?.outputs === 0) this.added(this.#sealed.shift()!);
    return this.#sealed.length > 0;
  }
}
