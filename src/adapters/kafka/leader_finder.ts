import type { Cluster } from "./cluster.ts";
import { createBackoff } from "./protocol/backoff.ts";
import { asProductionError } from "./protocol/errors.ts";
import { failAll, learnLeader, type ReadPosition } from "./read_position.ts";

/** Learns from the brokers who leads the partitions that are to be read, when that may be others than known. */
export class LeaderFinder {
  readonly #cluster: Cluster;
  readonly #onDone: () => void;
  readonly #backoff = createBackoff();
  #needed = false;
  #asking = false;
  #notBefore = 0;

  /** `onDone`: called when something may have been learned. */
  constructor(cluster: Cluster, onDone: () => void) {
    this.#cluster = cluster;
    this.#onDone = onDone;
  }

  /** What is known may be wrong. */
  doubt(): void {
    this.#needed = true;
  }

  /** Asks if there is a doubt, for these positions. Returns when to come again; infinite if that is not needed. */
  look(positions: Iterable<ReadPosition>, now: number): number {
    if (!this.#needed || this.#asking) return Infinity;
    if (this.#notBefore > now) return this.#notBefore;
    const asked = [...positions];
    if (asked.length > 0) void this.#ask(asked);
    return Infinity;
  }

  async #ask(positions: readonly ReadPosition[]): Promise<void> {
    this.#asking = true;
    this.#needed = false;
    try {
      const metadata = await this.#cluster.refresh([...new Set(positions.map(({ topic }) => topic))]);
      this.#backoff.reset();
      for (const position of positions.filter(({ live }) => live)) {
        const trouble = learnLeader(position, { cluster: this.#cluster, metadata });
        if (trouble?.final) position.reader.fail(trouble.error, position);
        else if (trouble) position.reader.tellTrouble(position, trouble.error);
      }
    } catch (thrown) {
      this.#needed = true;
      this.#notBefore = performance.now() + this.#backoff.nextMs();
      failAll(positions, asProductionError(thrown, this.#cluster.settings));
    } finally {
      this.#asking = false;
      this.#onDone();
    }
  }
}
