import type { Guarantee } from "../../dsl/topic_sink.ts";
import type { AppendBatch, Log } from "../../ports/log.ts";
import type { Clock } from "../../ports/clock.ts";
import { retry, SERVICE_WAITS, STOPPED } from "../../ports/retry.ts";
import { ProductionError } from "../../record/errors.ts";
import type { AppendWriter } from "./append_writer.ts";
import type { FoundRecord, OutputRecords } from "./output_records.ts";
import type { ShuffledText } from "./shuffled_events.ts";
import type { StageLog } from "./stage_log.ts";
import type { StreamBatch } from "./stream_batch.ts";
import { broken, type StreamProgress } from "./stream_progress.ts";
import type { StreamStart } from "./stream_start.ts";

/** Bytes of a pack of events: far below what topics take, and enough that nothing is gained by more. */
const PACK_BYTES = 200_000;

/** What delivering needs of the world. */
export interface BatchDeliveryOptions {
  readonly partition: number;
  /** Where a stage keeps what it has; null for a stream, which keeps nothing. */
  readonly stage: StageLog | null;
  readonly start: StreamStart;
  readonly log: Pick<Log, "append">;
  readonly clock: Clock;
  readonly progress: StreamProgress;
  readonly writer: AppendWriter;
  readonly stopped: () => boolean;
  /** Before events are written into stages. @throws ProductionError */
  readonly beforeEvents: () => Promise<void>;
  /** The log does not take an event. */
  readonly onTooLarge: (event: ShuffledText | FoundRecord, error: Error) => void;
  /** So many records were written to a topic for others. */
  readonly onWritten: (topic: string, records: number) => void;
  /** The log does not take anything (message), or takes it again (null). */
  readonly onState: (problem: string | null) => void;
}

/**
 * Brings what comes out of batches to where it goes: rows into append tables, events into repartition topics and into
 * topics for others, and behind them what a stage keeps into its changelog. What is in the changelog says that all
 * before it is out.
 */
export class BatchDelivery {
  readonly #options: BatchDeliveryOptions;
  #packBytes = PACK_BYTES;

  constructor(options: BatchDeliveryOptions) {
    this.#options = options;
  }

  /** Resolves to false if it was stopped. @throws StreamBroken */
  async deliver(batch: StreamBatch): Promise<boolean> {
    const { progress, stage } = this.#options;
    const sent = await Promise.all([this.#rows(batch), this.#shuffled(batch), this.#records(batch)]);
    if (sent.includes(false)) return false;
    // Behind everything else, since the position is moved with them.
    if (batch.records.has("exactly_once") && !await this.#once(batch)) return false;
    if (stage === null) return true;
    // Before anything of these events is durable here, lest a part of them be made again, as others.
    if (batch.rowCount > 0 || batch.records.size > 0) await progress.settle(batch.to);
    return await stage.write(batch.facts, batch.facts.neededFrom ?? batch.to);
  }

  /** Tells the stage whose inputs these are something: in its topic, so that whoever has it next is told, too. */
  async tell(topic: string, value: string): Promise<void> {
    const { partition } = this.#options;
    await this.#append([{ topic, partition, records: [{ key: null, value }] }]).catch(broken);
  }

  async #rows(batch: StreamBatch): Promise<boolean> {
    const { start: { source, announced }, partition, progress, writer } = this.#options;
    const { from, to } = batch;
    const range = { source, partition, from, to };
    if (announced !== null && from < announced.to) {
      const same = announced.from === from && announced.to === to && announced.digest === batch.digest;
      return await writer.complete(batch, { range, same, deadlineMs: progress.deadlineMs });
    }
    if (batch.rowCount === 0) return true;
    const deadlineMs = await progress.announce(from, { to, digest: batch.digest });
    return await writer.append(batch, { range, deadlineMs });
  }

  /** What the log finds too large is packed in smaller parts; an event that is too large by itself is set aside. */
  async #shuffled({ shuffled }: StreamBatch): Promise<boolean> {
    const { partition, start: { source }, onTooLarge, beforeEvents } = this.#options;
    const sent = await this.#fitting(() => shuffled.batches({ source, partition, bytes: this.#packBytes }), {
      before: beforeEvents,
      reduce: (error) => {
        const { longest } = shuffled;
        if (longest === null) return false;
        if (this.#packBytes <= longest.bytes) {
          shuffled.remove(longest);
          onTooLarge(longest, error);
        } else this.#packBytes = Math.max(longest.bytes, Math.floor(this.#packBytes / 4));
        return true;
      },
    });
    return sent !== null;
  }

  /** Again and again the same records, until all of them are there; those that are too large are set aside. */
  async #records({ records }: StreamBatch): Promise<boolean> {
    const { partition, start: { source } } = this.#options;
    const guarantee = "at_least_once";
    const sent = await this.#fitting(() => records.batches({ source, partition, guarantee }), {
      reduce: (error) => this.#setAside(records, { guarantee, error }),
    });
    this.#tellWritten(sent ?? []);
    return sent !== null;
  }

  /**
   * Records that are to be there once, in one transaction with the position behind all that they were made of. So of
   * records that were read again none is there yet, and of others all are.
   */
  async #once({ records, to }: StreamBatch): Promise<boolean> {
    const { partition, start: { source, toldTo = 0 }, progress, onState } = this.#options;
    const guarantee = "exactly_once";
    while (true) {
      const batches = records.batches({ source, partition, guarantee, from: toldTo });
      if (batches.length === 0) return true;
      try {
        if (!await progress.settleWith(to, { batches, onState: (error) => onState(error?.message ?? null) })) {
          return false;
        }
        this.#tellWritten(batches);
        return true;
      } catch (error) {
        const isTooLarge = error instanceof ProductionError && error.reason === "too_large";
        if (!isTooLarge || !this.#setAside(records, { guarantee, error })) broken(error as Error);
      }
    }
  }

  /** Of records that the log finds too large the longest goes; false if there is none. */
  #setAside(
    records: OutputRecords,
    { guarantee, error }: { readonly guarantee: Guarantee; readonly error: Error },
  ): boolean {
    const longest = records.longest(guarantee);
    if (longest === null) return false;
    records.remove(longest);
    this.#options.onTooLarge(longest, error);
    return true;
  }

  #tellWritten(batches: readonly AppendBatch[]): void {
    for (const { topic, records } of batches) this.#options.onWritten(topic, records.length);
  }

  /**
   * Appends what `make` gives. Where the log finds it too large, `reduce` leaves less of it to be made again; false: it
   * cannot. Resolves to what was appended; null if it was stopped. @throws StreamBroken
   */
  async #fitting(
    make: () => AppendBatch[],
    { reduce, before }: { readonly reduce: (error: Error) => boolean; readonly before?: () => Promise<void> },
  ): Promise<AppendBatch[] | null> {
    while (true) {
      const batches = make();
      try {
        return await this.#append(batches, before) ? batches : null;
      } catch (error) {
        const isTooLarge = error instanceof ProductionError && error.reason === "too_large";
        if (!isTooLarge || !reduce(error)) broken(error as Error);
      }
    }
  }

  async #append(batches: readonly AppendBatch[], before = async () => {}): Promise<boolean> {
    if (batches.length === 0) return true;
    const { log, clock, stopped, onState } = this.#options;
    const append = async () => {
      await before();
      // Meanwhile another member may have the partition.
      return stopped() ? STOPPED : await log.append(batches);
    };
    const done = await retry(append, {
      clock,
      ...SERVICE_WAITS,
      onState: (error) => onState(error?.message ?? null),
      stopped,
    });
    return done !== STOPPED;
  }
}
