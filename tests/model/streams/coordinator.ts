import type { AppendRule } from "./rules.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Told } from "./told.ts";

/** Rows of the records from `from` on, before `to`, which are about to be inserted. */
export interface Range {
  readonly topicId: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** How many rows it makes. */
  readonly rows: number;
  /** Names these rows. */
  readonly digest: string;
  /** In the table's time: no insert of the range begins later. */
  readonly deadline: number;
}

/** How far a partition was worked off. */
export interface Progress {
  readonly topicId: number;
  readonly offset: number;
  readonly range: Range | null;
  /** What is said to be lost once this is committed; said again by whoever finds it. */
  readonly lost: readonly Told[];
}

interface Advance {
  readonly partition: number;
  readonly tenure: number;
  /** Of calls of one tenure. */
  readonly seq: number;
  readonly progress: Progress;
}

interface PartitionState {
  /** Names the time for which one member has the partition without a break. */
  tenure: number;
  seq: number;
  progress: Progress | null;
  /** When the next assignment was decided, before it was in force. */
  early: Progress | null;
}

/** The group coordinator: who has which partition, and how far it was worked off. */
export class Coordinator {
  readonly #world: Surroundings<AppendRule>;
  readonly #partitions: PartitionState[];

  constructor(world: Surroundings<AppendRule>, partitions: number) {
    this.#world = world;
    this.#partitions = Array.from({ length: partitions }, () => ({ tenure: 0, seq: 0, progress: null, early: null }));
  }

  decide(partition: number): void {
    const state = this.#partitions[partition];
    state.early = state.progress;
  }

  /** The partition has another owner from now on; returns its tenure. */
  assign(partition: number): number {
    const state = this.#partitions[partition];
    state.seq = 0;
    return ++state.tenure;
  }

  isCurrent(partition: number, tenure: number): boolean {
    return this.#partitions[partition].tenure === tenure;
  }

  /** Undefined for who does not have the partition. */
  held(partition: number, tenure: number): { readonly progress: Progress | null } | undefined {
    const state = this.#partitions[partition];
    if (state.tenure !== tenure) return undefined;
    return { progress: this.#world.keeps("heldAfterAssignment") ? state.progress : state.early };
  }

  advance({ partition, tenure, seq, progress }: Advance): "accepted" | "rejected" {
    const state = this.#partitions[partition];
    if (state.tenure !== tenure) {
      this.#world.count("progress of a former owner");
      if (this.#world.keeps("tenure")) return "rejected";
    } else if (seq < state.seq) {
      this.#world.count("progress that comes late");
      if (this.#world.keeps("advanceOrder")) return "rejected";
    } else state.seq = seq;
    state.progress = progress;
    return "accepted";
  }

  /** What was committed is forgotten. */
  forget(): void {
    for (const state of this.#partitions) state.progress = state.early = null;
  }
}
