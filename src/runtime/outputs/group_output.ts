import type { GroupPlan } from "../../plan/physical.ts";
import { contribute, valuedOf } from "../../processor/aggregate.ts";
import { contributionCheck } from "../../processor/contribution.ts";
import { Groups } from "../../processor/group.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyOf, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { checkMessageBytes } from "../../record/sendable.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";
import { SlotCells } from "../../state/cells.ts";
import type { SlotTable } from "../../state/slot_table.ts";
import { type Loading, NO_SLOT, type SectionReader, type SectionWriter, type Slot } from "../../state/slots.ts";
import { ValueCells } from "../../state/value_cells.ts";

/** Of an entry whose row is not known yet in this epoch: it is in no group. */
const NOT_FOLDED: Slot = -2;

/** Groups, or rows into groups, that one step of loading makes or puts. */
const PUT_PER_STEP = 1_024;

/** Of a message with a share, as many parts as its columns take once, and as a key, in which quotes are escaped. */
const COLUMNS_PARTS = 3;

/**
 * One aggregate of one home: folds its rows into groups, each entry remembering what it contributed to which group, so
 * that an update takes out exactly what was put in. Sending the shares is somebody else's work ({@link ShareSink},
 * {@link ShareSender}).
 */
export class GroupOutput {
  readonly plan: GroupPlan;
  readonly groups: Groups;
  #dirty: Slot[] = [];
  #names: readonly string[] | null = null;
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
  readonly #partBytesMax: number;
  readonly #onError: (error: ProcessorError) => void;

  /**
   * `entries`: whose rows are added up. `keyValue`: the key as callbacks see it. `bytesMax`: of
   * a message with a share, which holds the group's columns, its key and a part of each total.
   */
  constructor(
    options: {
      plan: GroupPlan;
      entries: SlotTable;
      keyValue: (key: Key) => unknown;
      bytesMax: number;
      onError: (error: ProcessorError) => void;
    },
  ) {
    this.plan = options.plan;
    this.#entries = options.entries;
    const valued = valuedOf(options.plan.aggregate);
    this.#values = new Array(valued.length).fill(null);
    this.#before = [...this.#values];
    this.#places = options.entries.attach(new SlotCells());
    this.#contributions = this.#values.map(() => options.entries.attach(new ValueCells()));
    this.#keyValue = options.keyValue;
    this.#partBytesMax = Math.floor(options.bytesMax / (options.plan.aggregate.columns.length + COLUMNS_PARTS));
    this.groups = new Groups(options.plan.aggregate, this.#partBytesMax);
    this.#checks = valued.map((spec) => contributionCheck(spec, this.#partBytesMax));
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
    const { keys } = this.groups;
    to.texts(
      Array.from(
        { length: keys.slots },
        (_, group) => keys.isUsed(group) ? encodeWire(this.groups.columns(group)) : null,
      ),
    );
  }

  /** What {@link save} wrote, after the entries were loaded: puts them into their groups. */
  *load(from: SectionReader): Loading {
    const groups: Slot[] = [];
    for (const text of from.texts()) {
      groups.push(text === null ? NO_SLOT : this.#newGroup(decodeWire(text) as Columns));
      if (groups.length % PUT_PER_STEP === 0) yield;
    }
    for (const entry of this.#entries.used()) {
      const saved = this.#places.get(entry);
      if (saved < 0) continue;
      const group = groups[saved] ?? NO_SLOT;
      if (group === NO_SLOT) throw new RangeError("it is damaged: a row in a group that is not there");
      this.#places.set(entry, group);
      this.groups.put(group, this.#contributed(entry));
      if (entry % PUT_PER_STEP === 0) yield;
    }
    for (const group of this.groups.keys.used()) if (this.groups.rows(group) === 0) this.drop(group);
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
    this.touch(group);
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
    if (changed) this.touch(group);
  }

  /** Takes the entry out of the group that it is in. */
  #leave(entry: Slot): void {
    const old = this.#places.get(entry);
    if (old < 0) return;
    this.groups.take(old, this.#contributed(entry));
    this.touch(old);
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
      const columns = this.plan.aggregate.groupBy(row, this.#keyValue(key));
      if (columns === null) return NO_SLOT;
      contribute(this.plan.aggregate, row, this.#values);
      if (this.plan.merge !== null) this.#checkSizes();
      return this.#groupOf(columns, old);
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

  /** Marks a group as changed. */
  touch(group: Slot): void {
    const { dirty } = this.groups;
    if (dirty.get(group) !== 0) return;
    dirty.set(group, 1);
    this.#dirty.push(group);
  }

  /** The groups changed since the last call. A group without rows stays until {@link drop}. */
  takeDirty(): readonly Slot[] {
    const { keys, dirty } = this.groups;
    // Of a slot that was dropped, and given to another group meanwhile, there may be two.
    const taken = this.#dirty.filter((group) => {
      if (!keys.isUsed(group) || dirty.get(group) === 0) return false;
      dirty.set(group, 0);
      return true;
    });
    this.#dirty = [];
    return taken;
  }

  /** The groups changed are no longer said to be so, and those without rows are dropped unless they are shown. */
  forgetDirty(): void {
    for (const group of this.takeDirty()) {
      if (this.groups.rows(group) === 0 && this.groups.sent.get(group) === null) this.drop(group);
    }
  }

  /** A group is done with: nothing of it is shown and it has no rows. */
  drop(group: Slot): void {
    this.groups.keys.remove(group);
  }

  #namesOf(columns: Columns): readonly string[] {
    return this.#names ??= Object.keys(columns).sort();
  }

  #newGroup(columns: Columns): Slot {
    return this.groups.add(keyOf(this.#namesOf(columns).map((name) => columns[name])), columns);
  }

  #groupOf(columns: Columns, old: Slot): Slot {
    const { groups } = this;
    // Most rows stay in their group: then its key need not be made.
    if (old !== NO_SLOT && groups.hasColumns(old, columns)) return old;
    const names = this.#namesOf(columns);
    const values = new Array<unknown>(names.length);
    for (let index = 0; index < names.length; index++) {
      values[index] = columns[names[index]];
      if (values[index] === undefined) throw noColumn(names[index], { columns, names });
    }
    const key = keyOf(values);
    const group = groups.keys.find(key);
    if (group !== NO_SLOT) return group;
    if (Object.keys(columns).length !== names.length) throw otherColumns(columns, names);
    // A group that the merge task cannot be told of must not be made: its rows are refused one by one.
    if (this.plan.merge !== null) checkMessageBytes(encodeWire(columns), this.#partBytesMax);
    return groups.add(key, columns);
  }
}

type Columns = Readonly<Record<string, unknown>>;

/** Taken for null, all rows would be in one group, without a word, for a column that is misspelt. */
function noColumn(missing: string, { columns, names }: { columns: Columns; names: readonly string[] }): TypeError {
  if (!Object.hasOwn(columns, missing)) return otherColumns(columns, names);
  return new TypeError(
    `Cannot group by "${missing}": current value is undefined. Is it misspelt in what groupBy reads? ` +
      "Return null for rows that have no value there",
  );
}

function otherColumns(columns: Columns, names: readonly string[]): TypeError {
  const found = Object.keys(columns).sort().join(", ");
  return new TypeError(
    `groupBy must return the same columns for every row: ${names.join(", ")}; now it returned ${found}`,
  );
}
