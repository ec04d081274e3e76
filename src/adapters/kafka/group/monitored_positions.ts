import type { Position } from "../../../ports/log.ts";
import { asProductionError } from "../protocol/errors.ts";
import { byTopic, MONITORED, nameOf } from "./positions.ts";
import type { Standing } from "./standing.ts";

/** A partition whose progress is kept with its offset: what is for monitoring stays away from it. */
const ADVANCED = Infinity;

/** Commits for monitoring. They never take a partition back. */
export class MonitoredPositions {
  readonly #standing: Standing;
  /** Greatest offset known to be committed, by partition, since the newest assignment. */
  readonly #committed = new Map<string, number>();

  constructor(standing: Standing) {
    this.#standing = standing;
  }

  /** As `Membership.commit`. */
  async commit(positions: readonly Position[]): Promise<void> {
    const { groupGenerationId } = this.#standing.identity();
    const stale = positions.find(({ topic, partition }) => this.#standing.tenureOf(topic, partition) === undefined);
    if (stale !== undefined) {
      throw this.#standing.refusal(`"${stale.topic}" partition ${stale.partition} belongs to another member now`);
    }
    try {
      await this.#learn(positions);
      const newer = positions.filter(({ topic, partition, offset }) =>
        offset > (this.#committed.get(nameOf(topic, partition)) ?? -1)
      );
      if (newer.length === 0) return;
      const identity = this.#standing.identity();
      // Its positions are of an assignment that is over.
      if (identity.groupGenerationId !== groupGenerationId) return;
      const topics = byTopic(newer, ({ partition, offset }) => ({
        partition,
        offset: String(offset),
        metadata: MONITORED,
      }));
      await this.#standing.ask(({ broker }) => broker.offsetCommit({ ...identity, topics }));
      if (!this.#standing.isNewest(groupGenerationId)) return;
      for (const { topic, partition, offset } of newer) this.#raise(nameOf(topic, partition), offset);
    } catch (error) {
      throw asProductionError(error, this.#standing.settings);
    }
  }

  /** The partition was advanced: it is left alone from now on. */
  leaveAlone(topic: string, partition: number): void {
    this.#committed.set(nameOf(topic, partition), ADVANCED);
  }

  /** There is a new assignment: others may have committed since. */
  forget(): void {
    this.#committed.clear();
  }

  /** What is committed already by whoever had these partitions before, so that no commit takes them back. */
  async #learn(positions: readonly Position[]): Promise<void> {
    const unknown = positions.filter(({ topic, partition }) => !this.#committed.has(nameOf(topic, partition)));
    if (unknown.length === 0) return;
    const { groupId, groupGenerationId } = this.#standing.identity();
    const topics = byTopic(unknown, ({ partition }) => ({ partition }));
    const { responses } = await this.#standing.ask(({ broker }) => broker.offsetFetch({ groupId, topics }));
    if (!this.#standing.isNewest(groupGenerationId)) return;
    for (const { topic, partitions } of responses) {
      for (const { partition, offset, metadata } of partitions) {
        this.#raise(nameOf(topic, partition), metadata && metadata !== MONITORED ? ADVANCED : Number(offset));
      }
    }
  }

  #raise(name: string, offset: number): void {
    this.#committed.set(name, Math.max(offset, this.#committed.get(name) ?? -1));
  }
}
