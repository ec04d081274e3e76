import type { AggregatePlan } from "../plan/physical.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { ByteCells, NumberCells, SlotCells } from "../state/cells.ts";
import type { DistinctValues } from "../state/distinct_values.ts";
import { PackedRows } from "../state/packed_rows.ts";
import { SlotTable } from "../state/slot_table.ts";
import { loadSlots, misfit, saveNumbers } from "../state/sections.ts";
import { endsStep, type SectionReader, type SectionWriter, type Slot } from "../state/slots.ts";
import { ValueCells } from "../state/value_cells.ts";
import { algebraOf, type SharePart } from "./aggregate.ts";
import type { Algebra } from "./algebra.ts";

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
  /** One for each column of the aggregate; null for one that counts rows. */
  readonly #totals: readonly (Total | null)[];
  /** Those that have values. */
  readonly #valued: readonly Total[];
  /** Places of those that count different values. */
  readonly #distinct: readonly number[];

  /** `partBytesMax`: of a part of a share that merge tasks are told. */
  constructor(aggregate: AggregatePlan, partBytesMax: number) {
    this.#totals = aggregate.columns.map(({ spec }) =>
      spec.value === null ? null : new Total(algebraOf(spec, partBytesMax), this.keys.attach(new ValueCells()))
    );
    this.#distinct = aggregate.columns.flatMap(({ spec }, column) => spec.kind === "countDistinct" ? [column] : []);
    this.#valued = this.#totals.filter((total) => total !== null);
  }

  /** A group without rows. `columns`: the group's. */
  add(key: Key, columns: Row): Slot {
    const group = this.keys.add(key);
    this.#columns.write(group, columns);
    for (const total of this.#valued) total.begin(group);
    return group;
  }

  /** For a snapshot: the columns of all groups, by slot. */
  saveColumns(to: SectionWriter): void {
    saveNumbers(to, [this.keys.slots]);
    this.#columns.save(to);
  }

  /** For a snapshot: the columns, rows and totals of all groups, by slot. Totals must be values that have a text. */
  saveWhole(to: SectionWriter): void {
    this.saveColumns(to);
    this.#rows.save(to);
    for (const total of this.#valued) total.save(to);
  }

  /** Rows of this home in the group; at 0 the group is gone. */
  rows(group: Slot): number {
    return this.#rows.get(group) ?? 0;
  }

  /** The group's columns. */
  columns(group: Slot): Row {
    return this.#columns.read(group)!;
  }

  /** Whether the group's columns are seen at a glance to be these. If not, they may still be. */
  hasColumns(group: Slot, columns: Row): boolean {
    return this.#columns.equals(group, columns);
  }

  /** Puts a row in: its values in order, null for none. It never throws: totals have no limit here. */
  put(group: Slot, values: readonly unknown[]): void {
    for (let index = 0; index < this.#valued.length; index++) this.#valued[index].add(group, values[index]);
    this.#rows.set(group, this.rows(group) + 1);
  }

  /** Takes a row out that was put in with the same values. */
  take(group: Slot, values: readonly unknown[]): void {
    for (let index = 0; index < this.#valued.length; index++) this.#valued[index].remove(group, values[index]);
    this.#rows.set(group, this.rows(group) - 1);
  }

  /** A row of the group has another value than it was put in with; `index`: which of its values. */
  exchange(
    group: Slot,
    { index, before, after }: { readonly index: number; readonly before: unknown; readonly after: unknown },
  ): void {
    this.#valued[index].remove(group, before);
    this.#valued[index].add(group, after);
  }

  /** The state of an aggregate's only column. */
  state(group: Slot): unknown {
    return this.#valued[0].state(group);
  }

  /** For each column that counts different values: its place in the aggregate, and the group's values. */
  *distinct(group: Slot): Generator<readonly [column: number, values: DistinctValues]> {
    for (const column of this.#distinct) yield [column, this.#totals[column]!.state(group) as DistinctValues];
  }

  /** The share as others see it, one part for each column of the aggregate. */
  parts(group: Slot): SharePart[] {
    return this.#totals.map((total) => total === null ? this.rows(group) : total.part(group));
  }
}

/**
 * What {@link Groups.saveColumns} wrote, in steps: the columns by slot; null for one that was free.
 * @throws RangeError for what it cannot have written
 */
export function* loadColumns(from: SectionReader): Generator<void, readonly (Row | null)[]> {
  const slots = loadSlots(from, 0);
  const rows = new PackedRows();
  yield* rows.load(from);
  const columns: (Row | null)[] = [];
  for (let slot = 0; slot < slots; slot++) {
    columns.push(rows.read(slot));
    if (endsStep(slot)) yield;
  }
  return columns;
}

/** What {@link Groups.saveWhole} wrote: by slot the columns, null for one that was free; rows; totals of each value. */
export interface SavedGroups {
  readonly columns: readonly (Row | null)[];
  readonly rows: NumberCells;
  readonly totals: readonly ValueCells[];
}

/**
 * In steps. `values`: how many of a row are added up.
 * @throws RangeError for what {@link Groups.saveWhole} cannot have written
 */
export function* loadWhole(from: SectionReader, values: number): Generator<void, SavedGroups> {
  const columns = yield* loadColumns(from);
  const rows = new NumberCells();
  yield* rows.load(from);
  const totals = Array.from({ length: values }, () => new ValueCells());
  for (const total of totals) yield* total.load(from);
  for (const { slots } of [rows, ...totals]) {
    if (slots !== columns.length) throw misfit(`totals of ${slots} groups, not ${columns.length}`);
  }
  return { columns, rows, totals };
}

/** One total of all groups. A value of null is neither added nor removed. */
class Total {
  readonly #algebra: Algebra;
  readonly #states: ValueCells;

  constructor(algebra: Algebra, states: ValueCells) {
    this.#algebra = algebra;
    this.#states = states;
  }

  /** A new group. */
  begin(group: Slot): void {
    this.#states.set(group, this.#algebra.zero());
  }

  add(group: Slot, value: unknown): void {
    if (value === null) return;
    const state = this.#states.get(group);
    const changed = this.#algebra.add(state, value);
    if (changed !== state) this.#states.set(group, changed);
  }

  remove(group: Slot, value: unknown): void {
    if (value === null) return;
    const state = this.#states.get(group);
    const changed = this.#algebra.remove(state, value);
    if (changed !== state) this.#states.set(group, changed);
  }

  state(group: Slot): unknown {
    return this.#states.get(group);
  }

  save(to: SectionWriter): void {
    this.#states.save(to);
  }

  part(group: Slot): SharePart {
    return this.#algebra.part(this.state(group)) as SharePart;
  }
}
