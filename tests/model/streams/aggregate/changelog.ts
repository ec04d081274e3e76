import type { Choices } from "../../../simulation/choices.ts";
import { PartitionLog } from "../../partition_log.ts";
import type { Surroundings } from "../surroundings.ts";
import type { AggregateRule } from "./rules.ts";

/** What a group is made of: the records of the repartition topic before `position`. */
export interface GroupFact {
  readonly kind: "group";
  readonly group: number;
  readonly position: number;
  /** Names of the inputs that were counted. */
  readonly items: readonly string[];
}

/** All groups of its owner are as they are after the records before `position`. */
export interface PositionFact {
  readonly kind: "position";
  readonly position: number;
  /** By partition of the input: the last record of it that was counted. */
  readonly origins: ReadonlyMap<string, number>;
}

export type Fact = GroupFact | PositionFact;

export interface ChangelogRecord {
  readonly key: string;
  /** Of whoever wrote it. */
  readonly tenure: number;
  /** Null of a tombstone. */
  readonly fact: Fact | null;
}

export interface Batch {
  readonly producer: string;
  readonly seq: number;
  /** When the producer's tenure was confirmed last. */
  readonly stamp: number;
  readonly records: readonly ChangelogRecord[];
}

/** Ticks that a tombstone stays. */
const TOMBSTONE = 200;

/** A partition of the changelog: compacted; a batch is stored whole or not at all. */
export class Changelog {
  readonly #world: Surroundings<AggregateRule>;
  readonly #lateMax: number;
  readonly log = new PartitionLog<ChangelogRecord>(0);
  readonly #stored = new Map<string, number>();

  /** `lateMax`: so long after its stamp a batch is taken, in ticks. */
  constructor(world: Surroundings<AggregateRule>, { lateMax }: { readonly lateMax: number }) {
    this.#world = world;
    this.#lateMax = lateMax;
  }

  produce({ producer, seq, stamp, records }: Batch): "stored" | "too late" {
    const { now } = this.#world;
    if (seq <= (this.#stored.get(producer) ?? 0)) {
      this.#world.count("batches that come again");
      if (this.#world.keeps("idempotent")) return "stored";
    }
    if (now - stamp > this.#lateMax) {
      this.#world.count("batches that come too late");
      if (this.#world.keeps("logDeadline")) return "too late";
    }
    this.#stored.set(producer, seq);
    for (const record of records) this.log.append(record.key, { value: record, time: now });
    return "stored";
  }

  /** Of each key the last record stays; others go, sooner or later. */
  compact(choices: Choices, { compactionLag }: { readonly compactionLag: number }): void {
    const old = this.log.records.filter(({ time }) => this.#world.now - time >= compactionLag);
    const last = new Map(old.map((record) => [record.key, record]));
    const thoroughness = choices.chance(0.5) ? 1 : 0.5;
    this.log.records = this.log.records.filter((record) => {
      if (this.#world.now - record.time < compactionLag) return true;
      if (last.get(record.key) !== record) return !choices.chance(thoroughness);
      return record.value.fact !== null || this.#world.now - record.time < TOMBSTONE;
    });
  }
}
