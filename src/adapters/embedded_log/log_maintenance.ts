import { compactPartition, isDirty } from "./log_compaction.ts";
import type { MaintenanceOptions } from "./log_maintenance_options.ts";
import { retainPartition } from "./log_retention.ts";
import type { TopicState } from "./log_store.ts";

/** Milliseconds between two rounds of retention and compaction. */
const MAINTENANCE_INTERVAL_MS = 5_000;

export interface MaintainOptions {
  /** Milliseconds; {@link MAINTENANCE_INTERVAL_MS} if absent. */
  readonly intervalMs?: number;
  /**
   * Told about a round that failed; the next one begins after the interval all the same. Printed to the console if
   * absent.
   */
  onError?(error: unknown): void;
}

/** Work in the background. */
export interface Maintenance {
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/**
 * Retention and compaction, one after the other however many ask for them: two at once would only get into each other's
 * way.
 */
export class LogMaintenance {
  readonly #options: MaintenanceOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  /** Compacts the whole topic now. Gives back how many records were removed. */
  compact(topic: TopicState): Promise<number> {
    return this.#exclusively(() => sum(topic, (partition) => compactPartition(this.#options, topic, partition)));
  }

  /** Deletes what is too old now. Gives back how many records were deleted. */
  retain(topic: TopicState): Promise<number> {
    return this.#exclusively(() => sum(topic, (partition) => retainPartition(this.#options, topic, partition)));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#last;
  }

  start({ intervalMs = MAINTENANCE_INTERVAL_MS, onError = reportFailure }: MaintainOptions = {}): Maintenance {
    const stopped = new AbortController();
    const { clock } = this.#options;
    const run = async () => {
      for (;;) {
        await clock.sleep(intervalMs, stopped.signal);
        if (stopped.signal.aborted || this.#options.isStopped()) return;
        try {
          await this.#round(stopped.signal);
        } catch (error) {
          onError(error);
        }
      }
    };
    const running = run();
    return {
      stop: () => {
        stopped.abort();
        return running;
      },
    };
  }

  /** Looks after every topic that there is. */
  async #round(signal: AbortSignal): Promise<void> {
    const options = { ...this.#options, isStopped: () => signal.aborted || this.#options.isStopped() };
    for (const topic of options.store.topics()) {
      for (const state of topic.partitions) {
        if (options.isStopped()) return;
        if (!topic.compacted) await this.#exclusively(() => retainPartition(options, topic, state.partition));
        else if (isDirty(options, { topic, state })) {
          await this.#exclusively(() => compactPartition(options, topic, state.partition));
        }
      }
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

async function sum(topic: TopicState, work: (partition: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (const { partition } of topic.partitions) total += await work(partition);
  return total;
}

function reportFailure(error: unknown): void {
  console.error("Cannot look after the embedded log", error);
}
