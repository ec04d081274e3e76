import type { AggregatePlan } from "../plan/physical.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { type Algebra, algebraOf, type SharePart } from "./aggregate.ts";

/**
 * One home's share of one group: the states of the values that this home's rows contribute. The total over all homes is
 * made elsewhere (in a merge task, or by ClickHouse). There may be as many groups as rows, so it holds values only;
 * {@link Fold} knows what they mean.
 */
export interface Group {
  readonly key: Key;
  /** The group's columns. */
  readonly columns: Row;
  /** Rows of this home in the group; at 0 the group is gone. */
  rows: number;
  /** One state for each column that has values. */
  readonly states: unknown[];
  /** Waits in the list of changed groups. */
  dirty: boolean;
  /** Digest of the share that was last sent or is shown; null for none. */
  sent: number | null;
  /** Partition of the task that its shares go to, if that was asked; else -1. */
  collector: number;
}

/**
 * What the groups of one aggregate have in common: how rows go in and come out. Law: a group's parts are a function of
 * the rows that are in it. Every row put in is taken out with the same values, and a group of 0 rows is no group: it
 * shows nothing, also no zeros.
 */
export interface Fold {
  newGroup(key: Key, columns: Row): Group;
  /** Puts a row in: `values[from + i]` is its i-th value, null for none. It never throws: totals have no limit here. */
  add(group: Group, values: readonly unknown[], from: number): void;
  /** Takes a row out that was put in with the same values. */
  remove(group: Group, values: readonly unknown[], from: number): void;
  /** The share as others see it, one part for each column of the aggregate. */
  parts(group: Group): SharePart[];
}

/** The fold of an aggregate. */
export function createFold(aggregate: AggregatePlan): Fold {
  const algebras = aggregate.columns.map(({ spec }) => spec.value === null ? null : algebraOf(spec));
  const valued = algebras.filter((algebra): algebra is Algebra => algebra !== null);
  return {
    newGroup: (key, columns) => ({
      key,
      columns,
      rows: 0,
      states: valued.map((algebra) => algebra.zero()),
      dirty: false,
      sent: null,
      collector: -1,
    }),
    add(group, values, from) {
      for (let index = 0; index < valued.length; index++) {
        const value = values[from + index];
        if (value !== null) group.states[index] = valued[index].add(group.states[index], value);
      }
      group.rows++;
    },
    remove(group, values, from) {
      for (let index = 0; index < valued.length; index++) {
        const value = values[from + index];
        if (value !== null) group.states[index] = valued[index].remove(group.states[index], value);
      }
      group.rows--;
    },
    parts(group) {
      let next = 0;
      return algebras.map((algebra) => algebra === null ? group.rows : algebra.part(group.states[next++]));
    },
  };
}
