import { Buffer } from "node:buffer";
import type { Clock } from "../../ports/clock.ts";
import type { AppendBatch, Log } from "../../ports/log.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";

const BATCH_BYTES_MAX = 4 * 1024 * 1024;
const RETRY = { firstMs: 50, lastMs: 5_000 };

/** A record for an inbox, and the task that speaks. */
export interface QueuedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly text: string;
  readonly task: string;
  /** How much of its sender's numbering is its own; 1 if absent. */
  readonly span?: number;
}

interface Queued extends QueuedRecord {
  /** Of the text in UTF-8. */
  readonly bytes: number;
  readonly number: number;
}

/** What the producer needs. */
export interface ProducerOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** The log refused for good: these tasks' messages are lost, so they must start again. */
  readonly onLost: (tasks: ReadonlySet<string>, error: Error) => void;
  /**
   * The log does not take this record for its size: what to append instead, in order; null if nothing can be left out.
   */
  readonly divide: (record: QueuedRecord, error: ProductionError) => readonly QueuedRecord[] | null;
  /** So many records were appended. */
  readonly onAppended: (records: number) => void;
  /** The log does not answer (message), or answers again (null). */
  readonly onState: (problem: string | null) => void;
}

/**
 * Appends the packs of all tasks of one topology, one append at a time, so that order per inbox partition is kept
 * whatever is retried. Packs that come while an append is under way go together in the next one. Of an append that is
 * too large for the log only the record that is to blame is changed; all others arrive as they are.
 */
export class MessageProducer {
  /** Of the texts that wait, in UTF-8. */
  queuedBytes = 0;
  /** Records appended so far. */
  records = 0;
  #queue: Queued[] = [];
  /** Tasks of which what is under way was said by an incarnation that is no more. */
  readonly #forgotten = new Set<string>();
  /** Numbers of the record that came last, and of the last one that waits no more: they leave in their order. */
  #lastIn = 0;
  #lastOut = 0;
  #running = false;
  #closed = false;
  #waiters: (() => void)[] = [];
  readonly #options: ProducerOptions;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  enqueue(record: QueuedRecord): void {
    if (this.#closed) return;
    const bytes = Buffer.byteLength(record.text);
    this.#queue.push({ ...record, bytes, number: ++this.#lastIn });
    this.queuedBytes += bytes;
    if (!this.#running) {
      this.#running = true;
      this.#run();
    }
  }

  /**
   * The incarnation of the task that has spoken so far is no more: what waits of it is thrown away, and what is under
   * way does not restart its successor should it be lost.
   */
  forget(task: string): void {
    const kept = this.#queue.filter((record) => record.task !== task);
    if (this.#running) this.#forgotten.add(task);
    if (kept.length === this.#queue.length) return;
    for (const record of this.#queue) if (record.task === task) this.queuedBytes -= record.bytes;
    this.#queue = kept;
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** To be asked whether everything that was sent before now has been appended, or was lost with its task. */
  mark(): () => boolean {
    const last = this.#lastIn;
    return () => !this.#running || this.#lastOut >= last;
  }

  /** Throws away what waits. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.queuedBytes = 0;
  }

  async #run(): Promise<void> {
    // One turn later, so that everything sent in this turn goes together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const taken = this.#take();
      this.#forgotten.clear();
      await this.#append(taken);
      for (const record of taken) this.queuedBytes -= record.bytes;
      this.#lastOut = taken[taken.length - 1].number;
      if (this.#closed) this.queuedBytes = 0;
    }
    this.#running = false;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #take(): Queued[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && (count === 0 || bytes + this.#queue[count].bytes <= BATCH_BYTES_MAX)) {
      bytes += this.#queue[count++].bytes;
    }
    return this.#queue.splice(0, count);
  }

  async #append(taken: readonly QueuedRecord[]): Promise<void> {
    const { log, clock, onAppended, onLost, onState } = this.#options;
    const batches = groupByPartition(taken);
    try {
      const appended = await retry(() => log.append(batches), {
        clock,
        ...RETRY,
        onState: (error) => onState(error?.message ?? null),
        stopped: () => this.#closed,
      });
      if (appended === STOPPED) return;
      this.records += taken.length;
      onAppended(taken.length);
    } catch (error) {
      const parts = isTooLarge(error) ? this.#divided(taken, error) : null;
      if (parts !== null) {
        for (const part of parts) await this.#append(part);
        return;
      }
      const speakers = taken.map(({ task }) => task).filter((task) => !this.#forgotten.has(task));
      onLost(new Set(speakers), error as Error);
    }
  }

  /** Parts that may be small enough, in the order in which they must be appended. */
  #divided(taken: readonly QueuedRecord[], error: ProductionError): (readonly QueuedRecord[])[] | null {
    const half = taken.length >> 1;
    if (half > 0) return [taken.slice(0, half), taken.slice(half)];
    return this.#options.divide(taken[0], error)?.map((record) => [record]) ?? null;
  }
}

function isTooLarge(error: unknown): error is ProductionError {
  return error instanceof ProductionError && error.reason === "too_large";
}

function groupByPartition(taken: readonly QueuedRecord[]): AppendBatch[] {
  const batches = new Map<string, { topic: string; partition: number; records: { key: null; value: string }[] }>();
  for (const { topic, partition, text } of taken) {
    const id = `${topic}/${partition}`;
    let batch = batches.get(id);
    if (batch === undefined) batches.set(id, batch = { topic, partition, records: [] });
    batch.records.push({ key: null, value: text });
  }
  return [...batches.values()];
}
