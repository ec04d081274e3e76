import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { AppendBatch, Log } from "../../ports/log.ts";
import type { Clock } from "../../ports/clock.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import type { AppendWriter } from "./append_writer.ts";
import type { StreamBatch } from "./stream_batch.ts";
import { broken, type StreamProgress } from "./stream_progress.ts";
import type { StreamStart } from "./stream_start.ts";

const RETRY = { firstMs: 100, lastMs: 5_000 };
/** Facts are written in batches of about so many characters: each is there wholly or not at all. */
const FACTS_CHARS = 500_000;

/** What delivering needs of the world. */
export interface BatchDeliveryOptions {
  readonly plan: StreamPlan | StagePlan;
  readonly partition: number;
  readonly start: StreamStart;
  readonly log: Pick<Log, "append">;
  readonly clock: Clock;
  readonly progress: StreamProgress;
  readonly writer: AppendWriter;
  readonly stopped: () => boolean;
  /** The log does not take anything (message), or takes it again (null). */
  readonly onState: (problem: string | null) => void;
}

/**
 * Brings what comes out of batches to where it goes: rows into append tables, events into repartition topics, and
 * behind them what a stage keeps into its changelog. What is in the changelog says that all before it is out.
 */
export class BatchDelivery {
  readonly #options: BatchDeliveryOptions;

  constructor(options: BatchDeliveryOptions) {
    this.#options = options;
  }

  /** Resolves to false if it was stopped. @throws StreamBroken */
  async deliver(batch: StreamBatch): Promise<boolean> {
    const { plan, partition, start: { source }, progress } = this.#options;
    const sent = await Promise.all([this.#rows(batch), this.#append(batch.shuffled.batches(source, partition))]);
    if (sent.includes(false)) return false;
    if (!("changelog" in plan)) return true;
    if (batch.rowCount > 0) await progress.settle(batch.to);
    return await this.#facts(batch, plan);
  }

  /** Writes where the stage is, if nothing else is to be written. */
  async #facts({ facts }: StreamBatch, { changelog: topic }: StagePlan): Promise<boolean> {
    const { partition } = this.#options;
    return await this.#append(facts.parts(FACTS_CHARS).map((records) => ({ topic, partition, records })));
  }

  async #rows(batch: StreamBatch): Promise<boolean> {
    const { start: { source, announced }, partition, progress, writer } = this.#options;
    const { from, to } = batch;
    const range = { source, partition, from, to };
    if (announced !== null && from < announced.to) {
      const same = announced.from === from && announced.to === to && announced.digest === batch.digest;
      return await writer.complete(batch, { range, same });
    }
    if (batch.rowCount === 0) return true;
    await progress.announce(from, { to, digest: batch.digest });
    return await writer.append(batch, range);
  }

  async #append(batches: readonly AppendBatch[]): Promise<boolean> {
    if (batches.length === 0) return true;
    const { log, clock, stopped, onState } = this.#options;
    const done = await retry(() => log.append(batches), {
      clock,
      ...RETRY,
      onState: (error) => onState(error?.message ?? null),
      stopped,
    }).catch(broken);
    return done !== STOPPED;
  }
}
