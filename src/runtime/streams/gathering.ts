import type { Clock } from "../../ports/clock.ts";
import type { BatchQueue } from "./batch_queue.ts";
import type { StreamBatch } from "./stream_batch.ts";
import type { FlowTask } from "./stream_task.ts";

/** Results are so much later at most than they could be, while sources are behind. */
const GATHER_MS = 2_000;

/**
 * How long what a stage keeps waits to be written. While sources are behind, results change again and again with events
 * that have gathered: each change that is written is read again by whoever shows the results, so the last one of some
 * seconds is written and not each. When all sources are read to their ends nothing waits.
 */
export class Gathering {
  readonly #clock: Clock;
  #batch: StreamBatch | null = null;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the next batch may be taken; 0 if it may now. */
  waitMs({ queue, task }: { readonly queue: Pick<BatchQueue, "batches">; readonly task: FlowTask }): number {
    const [first, ...others] = queue.batches;
    // Full, or with rows, of which an insert waits for no more than others do.
    if (others.length > 0 || first.rowCount > 0 || task.order?.waits !== true) return 0;
    const nowMs = this.#clock.nowMs();
    if (first !== this.#batch) [this.#batch, this.#sinceMs] = [first, nowMs];
    return Math.max(0, this.#sinceMs + GATHER_MS - nowMs);
  }
}
