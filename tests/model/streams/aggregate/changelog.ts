import type { Choices } from "../../../simulation/choices.ts";
import { PartitionLog } from "../../partition_log.ts";
import type { Surroundings } from "../surroundings.ts";
import type { AggregateRule } from "./rules.ts";

/** What a group is made of: the records of the repartition topic before `position`. */
export interface GroupFact {
  readonly kind: "group";
  readonly group: number;
  readonly position: number;
  /** Names of the inputs that were counted since it was ended last; null: nothing was. */
  readonly items: readonly string[] | null;
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
  /** Where the start stands in the repartition topic that wrote it. Of a tombstone: whose key it is. */
  readonly begun: number;
  /** Null of a tombstone. */
  readonly fact: Fact | null;
}

export interface Batch {
  readonly producer: string;
  readonly seq: number;
  readonly records: readonly ChangelogRecord[];
}

/** Ticks that a tombstone stays. */
const TOMBSTONE = 200;

/** A partition of the changelog: compacted; a batch is stored whole or not at all. */
export class Changelog {
  readonly #world: Surroundings<AggregateRule>;
  readonly log = new PartitionLog<ChangelogRecord>(0);
  readonly #stored = new Map<string, number>();

  constructor(world: Surroundings<AggregateRule>) {
    this.#world = world;
  }

  produce({ producer, seq, records }: Batch): void {
    if (seq <= (this.#stored.get(producer) ?? 0)) {
      this.#world.count("batches that come again");
      if (this.#world.keeps("idempotent")) return;
    }
    this.#stored.set(producer, seq);
    for (const record of records) this.log.append(record.key, { value: record, time: this.#world.now });
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
