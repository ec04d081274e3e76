import type { AppendBatch, NewRecord } from "../../ports/log.ts";
import type { Clock } from "../../ports/clock.ts";
import { ProductionError } from "../../record/errors.ts";
import { bytesAbove, bytesTogether, keyless, tooLarge } from "./append_limits.ts";
import type { EmbeddedLogLimits } from "./log_limits.ts";
import type { LogStore, PartitionState, TopicState } from "./log_store.ts";
import type { StoredRecord } from "./stored_records.ts";
import { insertFor, type RecordInsert } from "./record_inserts.ts";
import { productionError } from "../local/sqlite.ts";
import { existingWith, messageBytesMaxOf, unknownTopic } from "./log_topics.ts";
import { sizeOf, stored } from "./stored_bytes.ts";

/** What the writer works with. */
export interface LogWriterOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly limits: EmbeddedLogLimits;
  /** Called after each transaction: the ends of partitions have moved. */
  onWritten(): void;
}

/** What is saved with the records of an append, in the same transaction. */
export interface Together {
  /** Whether it may be, asked in the turn in which it is saved. @throws ProductionError */
  check(): void;
  save(): void;
}

interface PendingAppend {
  readonly together: Together | null;
  readonly batches: readonly AppendBatch[];
  /** Base offsets of the batches begun so far. */
  readonly bases: number[];
  /** The next record to write. */
  batch: number;
  record: number;
  resolve(bases: number[]): void;
  reject(error: unknown): void;
}

/** A partition as it will be once the transaction has succeeded. */
interface StagedPartition {
  readonly topic: TopicState;
  readonly state: PartitionState;
  end: number;
  largest: number;
  /** Whether a record has headers. */
  headers: boolean;
  /** What a transient topic gets. */
  readonly fresh: StoredRecord[];
}

/** Where one transaction stands. */
interface Slice {
  readonly nowMs: number;
  readonly staged: Map<PartitionState, StagedPartition>;
  /** Appends of which something is written in this transaction: the first ones of the queue. */
  readonly touched: PendingAppend[];
  /** In their order. */
  readonly inserts: RecordInsert[];
  records: number;
  bytes: number;
}

/**
 * Writes appends in the order in which they were asked for. What is asked for in one turn of the event loop, by
 * whomever, shares a transaction, and a long append takes several, so that no turn lasts long; a batch that is to be
 * whole takes one, however long. Batches must not change before they are acknowledged.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #queue: PendingAppend[] = [];
  #queuedRecords = 0;
  #draining: Promise<void> | undefined;

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves with each batch's base offset when all are durable. With something that is saved `together` all is stored
   * or nothing. @throws ProductionError
   */
  async append(batches: readonly AppendBatch[], together: Together | null = null): Promise<number[]> {
    const records = this.#check(batches);
    if (records === 0 && together === null) {
      return batches.map(({ topic, partition }) => this.#options.store.topic(topic)!.partitions[partition].end);
    }
    const max = this.#options.limits.appendQueueRecordsMax;
    if (this.#queuedRecords > 0 && this.#queuedRecords + records > max) {
      throw new ProductionError(
        `Cannot append ${records} records as a queue of at most ${max} allows: ` +
          `current value is ${this.#queuedRecords} waiting. ` +
          "Await appends before asking for more",
        { retriable: true },
      );
    }
    this.#queuedRecords += records;
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    this.#queue.push({ together, batches, bases: [], batch: 0, record: 0, resolve, reject });
    this.#draining ??= this.#drain();
    return await promise;
  }

  /** Refuses what is waiting to be written to a topic that was deleted. */
  forget(topic: string): void {
    for (const append of this.#queue.filter(({ batches }) => batches.some((batch) => batch.topic === topic))) {
      this.#refuse(append, unknownTopic(topic));
    }
  }

  /** Resolves when nothing is waiting to be written. */
  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#options.clock.breathe();
      this.#writeSlice();
    }
    this.#draining = undefined;
  }

  #writeSlice(): void {
    const nowMs = this.#options.clock.nowMs();
    const slice: Slice = { nowMs, staged: new Map(), touched: [], inserts: [], records: 0, bytes: 0 };
    try {
      this.#fill(slice);
      this.#save(slice);
    } catch (error) {
      return this.#fail(slice, error);
    }
    for (const { topic, state, end, largest, headers, fresh } of slice.staged.values()) {
      Object.assign(state, { end, largest });
      topic.headers ||= headers;
      topic.transient?.[state.partition].append(fresh);
    }
    this.#queuedRecords -= slice.records;
    let written = 0;
    while (written < this.#queue.length && isWritten(this.#queue[written])) written++;
    for (const append of this.#queue.splice(0, written)) append.resolve(append.bases);
    this.#options.onWritten();
  }

  /** Takes records from the head of the queue until the slice is full. */
  #fill(slice: Slice): void {
    for (const append of [...this.#queue]) {
      const isWhole = append.together !== null;
      if (isWhole) {
        if (this.#isFull(slice)) return;
        if (!this.#isAllowed(append)) continue;
        slice.touched.push(append);
      }
      while (!isWritten(append)) {
        const batch = append.batches[append.batch];
        if (batch.records.length > 0 && !isWhole && this.#isFull(slice)) return;
        if (slice.touched.at(-1) !== append) slice.touched.push(append);
        const staged = this.#stage(slice, batch);
        if (append.record === 0) append.bases.push(staged.end);
        while (append.record < batch.records.length && (isWhole || batch.whole === true || !this.#isFull(slice))) {
          this.#add(slice, staged, batch.records[append.record++]);
        }
        if (append.record < batch.records.length) return;
        append.batch++;
        append.record = 0;
      }
    }
  }

  /** Refuses what must not be saved any more. */
  #isAllowed(append: PendingAppend): boolean {
    try {
      append.together?.check();
      return true;
    } catch (error) {
      this.#refuse(append, productionError("append to the embedded log", error));
      return false;
    }
  }

  #isFull(slice: Slice): boolean {
    return slice.records >= this.#options.limits.appendSliceRecords ||
      slice.bytes >= this.#options.limits.appendSliceBytes;
  }

  #stage(slice: Slice, batch: AppendBatch): StagedPartition {
    const topic = this.#topicOf(batch);
    const state = topic.partitions[batch.partition];
    let staged = slice.staged.get(state);
    if (staged === undefined) {
      const { end, largest } = state;
      slice.staged.set(state, staged = { topic, state, end, largest, headers: false, fresh: [] });
    }
    return staged;
  }

  #add(slice: Slice, staged: StagedPartition, record: NewRecord): void {
    const key = stored(record.key);
    const value = stored(record.value);
    const { headers } = record;
    const bytes = sizeOf(key) + sizeOf(value) + (headers?.length ?? 0);
    if (bytes > staged.largest) staged.largest = bytes;
    const timestampMs = record.timestampMs ?? slice.nowMs;
    const offset = staged.end++;
    slice.records++;
    slice.bytes += bytes;
    if (staged.topic.transient) {
      staged.fresh.push(headers ? [offset, timestampMs, key, value, headers] : [offset, timestampMs, key, value]);
      return;
    }
    const { values } = insertFor(slice.inserts, { headers: headers !== undefined });
    values.push(staged.topic.rowId, staged.state.partition, offset, timestampMs, key, value);
    if (headers === undefined) return;
    values.push(headers);
    staged.headers = true;
  }

  /** One transaction, if there is anything that must outlive the process. */
  #save({ inserts, staged, touched }: Slice): void {
    const { store } = this.#options;
    const opened: [PartitionState, number][] = [];
    const ends = [...staged.values()].flatMap((part) => {
      const { topic, state: { partition }, end, largest } = part;
      if (!topic.transient) return { topic, partition, end, largest };
      const reserved = topic.transient[partition].reservationFor(end);
      return reserved === null ? [] : { topic, partition, end: reserved, largest };
    });
    const together = touched.flatMap((append) => append.together ?? []);
    if (ends.length === 0 && together.length === 0) return;
    store.transaction(() => {
      for (const one of together) one.save();
      for (const insert of inserts) store.insert(insert);
      for (const { topic, state, end, headers } of staged.values()) {
        if (headers && !topic.headers) store.saveHeaders(topic);
        if (!topic.transient && end > state.end) {
          opened.push([state, store.openings.note({ ...state, rowId: topic.rowId }, state.opening)]);
        }
      }
      for (const { topic, ...partition } of ends) store.saveEnd(topic, partition);
    });
    for (const [state, opening] of opened) state.opening = opening;
    for (const { topic, partition, end } of ends) {
      if (topic.transient) topic.transient[partition].reserved = end;
    }
  }

  /** Refuses every append of which something was to be written in this transaction. The others go on. */
  #fail(slice: Slice, error: unknown): void {
    const cause = productionError("append to the embedded log", error);
    this.#queuedRecords -= slice.records;
    for (const append of slice.touched) this.#refuse(append, cause);
  }

  #refuse(append: PendingAppend, error: ProductionError): void {
    this.#queue.splice(this.#queue.indexOf(append), 1);
    this.#queuedRecords -= countRecords(append.batches.slice(append.batch)) - append.record;
    append.reject(error);
  }

  #topicOf(batch: AppendBatch): TopicState {
    return existingWith(this.#options.store, batch);
  }

  /** Refuses what can never be written, and counts the rest. */
  #check(batches: readonly AppendBatch[]): number {
    for (const batch of batches) {
      const topic = this.#topicOf(batch);
      const max = messageBytesMaxOf(topic, this.#options.limits);
      for (const record of batch.records) {
        if (topic.compacted && record.key === null) throw keyless(batch.topic);
        const bytes = bytesAbove(max, record);
        if (bytes !== null) throw tooLarge("records of", { topic: batch.topic, bytes, max });
      }
      const bytes = batch.whole === true ? bytesTogether(batch.records) : 0;
      if (bytes > max) throw tooLarge("a batch that is whole, of", { topic: batch.topic, bytes, max });
    }
    return countRecords(batches);
  }
}

function isWritten(append: PendingAppend): boolean {
  return append.batch === append.batches.length;
}

function countRecords(batches: readonly AppendBatch[]): number {
  return batches.reduce((sum, batch) => sum + batch.records.length, 0);
}
