import type { AggregatePlan } from "../plan/physical.ts";
import { type Accumulator, createAccumulator, type Partial } from "./aggregate.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";

/** One home's share of one group. */
export interface Group {
  readonly key: Key;
  /** The group's columns. */
  readonly columns: Row;
  /** Rows of this home in the group; at 0 the group is gone. */
  rows: number;
  readonly accumulators: readonly Accumulator[];
  /** Waits in the list of changed groups. */
  dirty: boolean;
  /** Digest of the share that was last sent or is shown; null for none. */
  sent: number | null;
}

/** A group without rows. */
export function newGroup(aggregate: AggregatePlan, key: Key, columns: Row): Group {
  const accumulators = aggregate.columns.map((column) => createAccumulator(column.spec));
  return { key, columns, rows: 0, accumulators, dirty: false, sent: null };
}

/** The share as others see it, one partial for each column. */
export function partialsOf(group: Group): Partial[] {
  return group.accumulators.map((accumulator) => accumulator.partial());
}
