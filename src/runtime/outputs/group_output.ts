import type { GroupPlan } from "../../plan/physical.ts";
import { contribute, type SharePart, valuesOf } from "../../processor/aggregate.ts";
import { createFold, type Fold, type Group } from "../../processor/group.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyOf, keyText } from "../../record/key.ts";
import { type Row, UNKNOWN } from "../../record/row.ts";
import { checkMessageBytes, checkTextBytes } from "../../record/sendable.ts";
import { encodeWire, wireEquals } from "../../record/wire.ts";
import type { Entry } from "../../state/entry.ts";

/** Of a message with a share, as many parts as its columns take once, and as a key, in which quotes are escaped. */
const COLUMNS_PARTS = 3;

/**
 * One aggregate of one home: folds its rows into groups, each entry remembering what it contributed to which group, so
 * that an update takes out exactly what was put in. Sending the shares is somebody else's work ({@link ShareSink},
 * {@link ShareSender}).
 */
export class GroupOutput {
  readonly plan: GroupPlan;
  readonly groups: Map<Key, Group> = new Map();
  #dirty: Group[] = [];
  #names: readonly string[] | null = null;
  #unknownEntries = 0;
  /** What the row being folded contributes: one array for all rows. */
  readonly #values: unknown[];
  readonly #fold: Fold;
  readonly #cell: number;
  readonly #keyValue: (key: Key) => unknown;
  readonly #partBytesMax: number;
  readonly #onError: (error: ProcessorError) => void;

  /**
   * `cell`: index of the entry's cell that links to the group. `keyValue`: the key as callbacks see it. `bytesMax`: of
   * a message with a share, which holds the group's columns, its key and a part of each total.
   */
  constructor(
    options: {
      plan: GroupPlan;
      cell: number;
      keyValue: (key: Key) => unknown;
      bytesMax: number;
      onError: (error: ProcessorError) => void;
    },
  ) {
    this.plan = options.plan;
    this.#cell = options.cell;
    this.#values = new Array(valuesOf(options.plan.aggregate)).fill(null);
    this.#fold = createFold(options.plan.aggregate);
    this.#keyValue = options.keyValue;
    this.#partBytesMax = Math.floor(options.bytesMax / (options.plan.aggregate.columns.length + COLUMNS_PARTS));
    this.#onError = options.onError;
  }

  /** Whether all entries have been folded of those that were {@link expect}ed. */
  get known(): boolean {
    return this.#unknownEntries === 0;
  }

  /** The entry's row is not known yet in this epoch. */
  markUnknown(entry: Entry): void {
    entry.cells[this.#cell] = UNKNOWN;
  }

  /** So many entries are marked, and are folded from now on. */
  expect(entries: number): void {
    this.#unknownEntries = entries;
  }

  /** The entry's row is `row` now (null: absent). */
  fold(entry: Entry, row: Row | null): void {
    const { cells } = entry;
    if (cells[this.#cell] === UNKNOWN) {
      cells[this.#cell] = null;
      this.#unknownEntries--;
    }
    const old = cells[this.#cell] as Group | null;
    const group = row === null ? null : this.#contribute(entry, row, old);
    if (group === old && (group === null || this.#same(cells))) return;
    if (old !== null) {
      this.#fold.remove(old, cells, this.#cell + 1);
      this.touch(old);
    }
    cells[this.#cell] = group;
    for (let index = 0; index < this.#values.length; index++) {
      cells[this.#cell + 1 + index] = group === null ? null : this.#values[index];
    }
    if (group === null) return;
    this.#fold.add(group, this.#values, 0);
    this.touch(group);
  }

  /** The group that the row is in, its contribution in {@link #values}; null if it is in none or a callback throws. */
  #contribute(entry: Entry, row: Row, old: Group | null): Group | null {
    try {
      const columns = this.plan.aggregate.groupBy(row, this.#keyValue(entry.key));
      if (columns === null) return null;
      contribute(this.plan.aggregate, row, this.#values);
      if (this.plan.merge !== null) this.#checkTexts();
      return this.#groupOf(columns, old);
    } catch (cause) {
      this.#onError(new ProcessorError(this.plan.name, keyText(entry.key), { cause, row }));
      return null;
    }
  }

  /** A row whose text is too large for a share is refused, whatever else is in the group: so no share ever is. */
  #checkTexts(): void {
    for (const value of this.#values) if (typeof value === "string") checkTextBytes(value, this.#partBytesMax);
  }

  #same(cells: readonly unknown[]): boolean {
    return this.#values.every((value, index) => wireEquals(value, cells[this.#cell + 1 + index]));
  }

  /** The group's share as others see it, one part for each column of the aggregate. */
  parts(group: Group): SharePart[] {
    return this.#fold.parts(group);
  }

  /** Marks a group as changed. */
  touch(group: Group): void {
    if (group.dirty) return;
    group.dirty = true;
    this.#dirty.push(group);
  }

  /** The groups changed since the last call. A group without rows stays in the index until {@link drop}. */
  takeDirty(): readonly Group[] {
    const taken = this.#dirty;
    this.#dirty = [];
    for (const group of taken) group.dirty = false;
    return taken;
  }

  /** The groups changed are no longer said to be so, and those without rows leave the index unless they are shown. */
  forgetDirty(): void {
    for (const group of this.#dirty) {
      group.dirty = false;
      if (group.rows === 0 && group.sent === null) this.drop(group);
    }
    this.#dirty = [];
  }

  /** A group is done with: nothing of it is shown and it has no rows. */
  drop(group: Group): void {
    if (this.groups.get(group.key) === group) this.groups.delete(group.key);
  }

  #groupOf(columns: Readonly<Record<string, unknown>>, old: Group | null): Group {
    const names = this.#names ??= Object.keys(columns).sort();
    if (old !== null && names.every((name) => old.columns[name] === columns[name])) return old;
    const missing = names.find((name) => columns[name] === undefined);
    if (missing !== undefined) throw noColumn(missing, { columns, names });
    const key = keyOf(names.map((name) => columns[name]));
    let group = this.groups.get(key);
    if (group === undefined) {
      if (Object.keys(columns).length !== names.length) throw otherColumns(columns, names);
      // A group that the merge task cannot be told of must not be made: its rows are refused one by one.
      if (this.plan.merge !== null) checkMessageBytes(encodeWire(columns), this.#partBytesMax);
      group = this.#fold.newGroup(key, columns);
      this.groups.set(key, group);
    }
    return group;
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
