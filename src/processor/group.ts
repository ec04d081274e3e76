import type { AggregatePlan } from "../plan/physical.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { ByteCells, NumberCells, SlotCells } from "../state/cells.ts";
import { PackedRows } from "../state/packed_rows.ts";
import { SlotTable } from "../state/slot_table.ts";
import type { Slot } from "../state/slots.ts";
import { ValueCells } from "../state/value_cells.ts";
import { type Algebra, algebraOf, type SharePart } from "./aggregate.ts";

/**
 * One home's shares of all groups of one aggregate: by group, the states of the values that this home's rows
 * contribute. The total over all homes is made elsewhere (in a merge task, or by ClickHouse). There may be as many
 * groups as rows, so each is a slot of columns, not an object.
 *
 * Law: a group's parts are a function of the rows that are in it. Every row put in is taken out with the same values,
 * and a group of 0 rows is no group: it shows nothing, also no zeros.
 */
export class Groups {
  readonly keys = new SlotTable();
  /** Digest of the share that was last sent or is shown; null for none. */
  readonly sent: NumberCells = this.keys.attach(new NumberCells());
  /** Waits in the list of changed groups: 1. */
  readonly dirty: ByteCells = this.keys.attach(new ByteCells());
  /** Partition of the task that its shares go to, if that was asked; else -1. */
  readonly collectors: SlotCells = this.keys.attach(new SlotCells());
  readonly #rows = this.keys.attach(new NumberCells());
  readonly #columns = this.keys.attach(new PackedRows());
  readonly #algebras: readonly (Algebra | null)[];
  readonly #valued: readonly { readonly algebra: Algebra; readonly states: ValueCells }[];

  constructor(aggregate: AggregatePlan) {
    this.#algebras = aggregate.columns.map(({ spec }) => spec.value === null ? null : algebraOf(spec));
    this.#valued = this.#algebras.flatMap((algebra) =>
      algebra === null ? [] : [{ algebra, states: this.keys.attach(new ValueCells()) }]
    );
  }

  /** A group without rows. `columns`: the group's. */
  add(key: Key, columns: Row): Slot {
    const group = this.keys.add(key);
    this.#columns.write(group, columns);
    for (const { algebra, states } of this.#valued) states.set(group, algebra.zero());
    return group;
  }

  /** Rows of this home in the group; at 0 the group is gone. */
  rows(group: Slot): number {
    return this.#rows.get(group) ?? 0;
  }

  /** The group's columns. */
  columns(group: Slot): Row {
    return this.#columns.read(group)!;
  }

  /** Puts a row in: its values in order, null for none. It never throws: totals have no limit here. */
  put(group: Slot, values: readonly unknown[]): void {
    this.#change(group, values, (algebra, state, value) => algebra.add(state, value));
    this.#rows.set(group, this.rows(group) + 1);
  }

  /** Takes a row out that was put in with the same values. */
  take(group: Slot, values: readonly unknown[]): void {
    this.#change(group, values, (algebra, state, value) => algebra.remove(state, value));
    this.#rows.set(group, this.rows(group) - 1);
  }

  #change(
    group: Slot,
    values: readonly unknown[],
    changed: (algebra: Algebra, state: unknown, value: unknown) => unknown,
  ): void {
    for (let index = 0; index < this.#valued.length; index++) {
      if (values[index] === null) continue;
      const { algebra, states } = this.#valued[index];
      states.set(group, changed(algebra, states.get(group), values[index]));
    }
  }

  /** The share as others see it, one part for each column of the aggregate. */
  parts(group: Slot): SharePart[] {
    let next = 0;
    return this.#algebras.map((algebra) => {
      if (algebra === null) return this.rows(group);
      return algebra.part(this.#valued[next++].states.get(group));
    });
  }
}
