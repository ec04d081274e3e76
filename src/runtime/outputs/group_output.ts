import type { Grouping, GroupPlan } from "../../plan/physical.ts";
import { contribute, valuedOf } from "../../processor/aggregate.ts";
import { contributionCheck } from "../../processor/contribution.ts";
import { type Groups, loadColumns } from "../../processor/group.ts";
import { type KeyColumns, keyValueOf } from "../../processor/key_value.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { SlotCells } from "../../state/cells.ts";
import type { SlotTable } from "../../state/slot_table.ts";
import { endsStep, NO_SLOT, type SectionReader, type SectionWriter, type Slot } from "../../state/slots.ts";
import { ValueCells } from "../../state/value_cells.ts";
import { ChangedGroups } from "./changed_groups.ts";

/** Of an entry whose row is not known yet in this epoch: it is in no group. */
export const NOT_FOLDED: Slot = -2;

/** Groups, or rows into groups, that one step of loading makes or puts. */
export const PUT_PER_STEP = 1_024;

type GroupBy = Extract<Grouping, { readonly kind: "group" }>["groupBy"];

/** A group that an entry is in. */
export interface Placed {
  readonly group: Slot;
  /** What it contributes to each column of the aggregate that has values, in order; null for nothing. */
  readonly values: readonly unknown[];
}

/** What folds the rows of a task into groups needs of it. */
export interface GroupOutputOptions {
  readonly plan: GroupPlan;
  /** Whose rows are added up. */
  readonly entries: SlotTable;
  readonly keyColumns: KeyColumns;
  /** As of {@link ChangedGroups}. */
  readonly bytesMax: number;
  readonly onError: (error: ProcessorError) => void;
}

/**
 * One aggregate of one home: folds its rows into groups, each entry remembering what it contributed to which group, so
 * that an update takes out exactly what was put in. Sending the shares is somebody else's work ({@link ShareSink},
 * {@link ShareSender}).
 */
export class GroupOutput {
  readonly plan: GroupPlan;
  readonly changed: ChangedGroups;
  readonly groups: Groups;
  #unknownEntries = 0;
  /** For each value that a row contributes: whether its merge task can be told. */
  readonly #checks: readonly ((value: unknown) => void)[];
  /** What the row being folded contributes, and what it did before: one array for all rows. */
  readonly #values: unknown[];
  readonly #before: unknown[];
  readonly #entries: SlotTable;
  /** The group of each entry, and what it contributes there. */
  readonly #places: SlotCells;
  readonly #contributions: readonly ValueCells[];
  readonly #keyValue: (key: Key) => unknown;
  readonly #groupBy: GroupBy;
  readonly #onError: (error: ProcessorError) => void;

  constructor(options: GroupOutputOptions & { readonly groupBy: GroupBy }) {
    this.plan = options.plan;
    this.#entries = options.entries;
    const valued = valuedOf(options.plan.aggregate);
    this.#values = new Array(valued.length).fill(null);
    this.#before = [...this.#values];
    this.#places = options.entries.attach(new SlotCells());
    this.#contributions = this.#values.map(() => options.entries.attach(new ValueCells()));
    this.#keyValue = keyValueOf(options.keyColumns);
    this.#groupBy = options.groupBy;
    this.changed = new ChangedGroups(options);
    this.groups = this.changed.groups;
    this.#checks = valued.map((spec) => contributionCheck(spec, this.changed.partBytesMax));
    this.#onError = options.onError;
  }

  /** Whether all entries have been folded of those that were {@link expect}ed. */
  get known(): boolean {
    return this.#unknownEntries === 0;
  }

  /** The entry's row is not known yet in this epoch. */
  markUnknown(entry: Slot): void {
    this.#places.set(entry, NOT_FOLDED);
  }

  /** The entry, which a snapshot has put into a group, is to be folded anew. */
  unfold(entry: Slot): void {
    if (this.#places.get(entry) === NOT_FOLDED) return;
    this.#leave(entry);
    this.#places.set(entry, NOT_FOLDED);
  }

  /** For a snapshot: the columns of each group, by slot; what entries contribute is kept with them. */
  save(to: SectionWriter): void {
    this.groups.saveColumns(to);
  }

  /**
   * What {@link save} wrote, after the entries were loaded: puts them into their groups. Returns the key of each group
   * by the slot that it had; null for one that was free.
   */
  *load(from: SectionReader): Generator<void, readonly (Key | null)[]> {
    const groups: Slot[] = [];
    for (const columns of yield* loadColumns(from)) {
      groups.push(columns === null ? NO_SLOT : this.changed.add(columns));
      if (groups.length % PUT_PER_STEP === 0) yield;
    }
    const keys: (Key | null)[] = [];
    for (const group of groups) {
      if (endsStep(keys.push(group === NO_SLOT ? null : this.groups.keys.keyOf(group)))) yield;
    }
    for (const entry of this.#entries.used()) {
      if (entry % PUT_PER_STEP === 0) yield;
      const saved = this.#places.get(entry);
      if (saved < 0) continue;
      const group = groups[saved] ?? NO_SLOT;
      if (group === NO_SLOT) throw new RangeError("it is damaged: a row in a group that is not there");
      this.#places.set(entry, group);
      this.groups.put(group, this.#contributed(entry));
    }
    for (const group of this.groups.keys.used()) {
      if (this.groups.rows(group) === 0) this.changed.drop(group);
      if (endsStep(group)) yield;
    }
    return keys;
  }

  /** So many entries are marked, and are folded from now on. */
  expect(entries: number): void {
    this.#unknownEntries = entries;
  }

  /** The entry's row is `row` now (null: absent). */
  fold(entry: Slot, row: Row | null): void {
    let old = this.#places.get(entry);
    if (old === NOT_FOLDED) {
      this.#places.set(entry, old = NO_SLOT);
      this.#unknownEntries--;
    }
    const group = row === null ? NO_SLOT : this.#contribute(entry, row, old);
    if (group === old) {
      if (group !== NO_SLOT) this.#stay(entry, group);
      return;
    }
    this.#leave(entry);
    this.#places.set(entry, group);
    for (let index = 0; index < this.#values.length; index++) {
      this.#contributions[index].set(entry, group === NO_SLOT ? null : this.#values[index]);
    }
    if (group === NO_SLOT) return;
    this.groups.put(group, this.#values);
    this.changed.touch(group);
  }

  /** Whether the entry is in a group. */
  holds(entry: Slot): boolean {
    return this.#places.get(entry) >= 0;
  }

  /** The entry stays in its group: what it contributes is exchanged where it differs. */
  #stay(entry: Slot, group: Slot): void {
    let changed = false;
    for (let index = 0; index < this.#values.length; index++) {
      const contribution = this.#contributions[index];
      const after = this.#values[index];
      if (contribution.equals(entry, after)) continue;
      this.groups.exchange(group, { index, before: contribution.get(entry), after });
      contribution.set(entry, after);
      changed = true;
    }
    if (changed) this.changed.touch(group);
  }

  /** Takes the entry out of the group that it is in. */
  #leave(entry: Slot): void {
    const old = this.#places.get(entry);
    if (old < 0) return;
    this.groups.take(old, this.#contributed(entry));
    this.changed.touch(old);
  }

  /** The group that the entry is in, and what it contributes there; none before it is evaluated. */
  placed(entry: Slot): Placed[] {
    const group = this.#places.get(entry);
    return group < 0 ? [] : [{ group, values: [...this.#contributed(entry)] }];
  }

  /** Whether the entry is in the group. */
  isIn(entry: Slot, group: Slot): boolean {
    return this.#places.get(entry) === group;
  }

  /** What the entry contributes, in one array for all entries. */
  #contributed(entry: Slot): readonly unknown[] {
    for (let index = 0; index < this.#before.length; index++) {
      this.#before[index] = this.#contributions[index].get(entry);
    }
    return this.#before;
  }

  /** The group that the row is in, its contribution in {@link #values}; NO_SLOT for none or if a callback throws. */
  #contribute(entry: Slot, row: Row, old: Slot): Slot {
    const key = this.#entries.keyOf(entry);
    try {
      const columns = this.#groupBy(row, this.#keyValue(key));
      if (columns === null) return NO_SLOT;
      contribute(this.plan.aggregate, row, this.#values);
      if (this.plan.merge !== null) this.#checkSizes();
      return this.changed.groupOf(columns, old);
    } catch (cause) {
      this.#onError(new ProcessorError(this.plan.name, keyText(key), { cause, row }));
      return NO_SLOT;
    }
  }

  /** A row whose contribution is too large for a share is refused, whatever else is in the group. */
  #checkSizes(): void {
    for (let index = 0; index < this.#values.length; index++) {
      this.#checks[index](this.#values[index]);
    }
  }
}
