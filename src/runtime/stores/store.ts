import type { NodeMask } from "../../plan/masks.ts";
import type { Position } from "../../ports/log.ts";
import type { KeyColumn } from "../../record/key_column.ts";

/**
 * What a store holds: rows of a table or a global table as they were read; totals and other rows that tasks tell each
 * other (`grouped`); results of an aggregate over a stream; what such an aggregate keeps while it adds up (`windows`:
 * those that are not closed); or what a processor has put into a store of its own (`key-value`, `window`, `session`).
 */
export type StoreKind =
  | ("table" | "global table" | "grouped" | "results" | "aggregate" | "windows")
  | ("key-value" | "window" | "session");

/** A store of a topology, whichever instances have its partitions. */
export interface StoreSpec {
  /** Unique within the topology. */
  readonly name: string;
  readonly kind: StoreKind;
  /** Of its tasks; 0 for a global table, which every instance has whole. */
  readonly partitions: number;
  /** Whether one of the last key columns, `window_start`, is the time at which a window begins. */
  readonly windowed: boolean;
  /** What people are not shown of its keys and rows; null: nothing. */
  readonly mask: NodeMask | null;
  /** The parts that this instance has at the moment, by partition. */
  parts(): StorePart[];
}

/** `restoring`: it has not read everything yet that was there when it began. `standby`: another instance runs it. */
export type StoreState = "running" | "restoring" | "standby";

/** A store before it is known what of it is hidden. */
export type UnmaskedStore = Omit<StoreSpec, "mask">;

/** How far one part of a store is, on one instance. */
export interface PartStanding {
  /** Null: all partitions, of a global table. */
  readonly partition: number | null;
  readonly state: StoreState;
  /** The next offsets to read: whatever lies before is in the store. Empty before it is known where to begin. */
  readonly position: readonly Position[];
  /** Records that are not read yet, as known; null while that is not known. */
  readonly lag: number | null;
  /**
   * Windows that began then or before are beyond their retention: ClickHouse has them, and the store has not.
   * Microseconds since the epoch; absent: there are none of these.
   */
  readonly horizonUs?: number;
}

/** A key column, and which of its texts are one. */
export type StoreColumn = Pick<KeyColumn, "name" | "text">;

/** One partition of a store on this instance, to read. What it gives is of the moment of the call. */
export interface StorePart {
  standing(): PartStanding;
  /** The key columns, those of windows and entries last; null while nothing is known of them. */
  columns(): readonly StoreColumn[] | null;
  /**
   * The items whose keys begin with these values, and perhaps others of the same group; null: they may be here, and
   * there is no way to find them but {@link items}.
   */
  find(values: readonly unknown[]): StoreItem[] | null;
  /**
   * The horizon, if a key of all of these values is of this part, and its window beyond retention; else null.
   * `readings`: what the values given may stand for.
   */
  beyondUs?(readings: readonly (readonly unknown[])[]): number | null;
  /** All items, in no order. Those that come or go meanwhile may be among them or not. */
  items(): Iterable<StoreItem>;
}

/** One thing that is held under a key. */
export interface StoreItem {
  /** The values of the key columns, in their order. */
  readonly key: readonly unknown[];
  /** What is held now; undefined if it is gone. */
  value(): unknown;
}
