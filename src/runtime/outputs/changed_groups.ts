import { isOfRows } from "../../plan/grouped.ts";
import type { GroupPlan } from "../../plan/physical.ts";
import { Groups } from "../../processor/group.ts";
import { type Key, keyOf } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { checkMessageBytes } from "../../record/sendable.ts";
import { encodeWire } from "../../record/wire.ts";
import { NO_SLOT, type Slot } from "../../state/slots.ts";

/** Of a message with a share, as many parts as its columns take once, and as a key, in which quotes are escaped. */
const COLUMNS_PARTS = 3;

/** The groups of one aggregate of one home, and which of them have changed since their shares were sent. */
export class ChangedGroups {
  readonly plan: GroupPlan;
  readonly groups: Groups;
  /** Of each part of a message with a share. */
  readonly partBytesMax: number;
  #dirty: Slot[] = [];
  #names: readonly string[] | null = null;

  /** `bytesMax`: of a message with a share, which holds the group's columns, its key and a part of each total. */
  constructor({ plan, bytesMax }: { readonly plan: GroupPlan; readonly bytesMax: number }) {
    this.plan = plan;
    this.partBytesMax = Math.floor(bytesMax / (plan.aggregate.columns.length + COLUMNS_PARTS));
    this.groups = new Groups(plan.aggregate, this.partBytesMax);
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

  /** A group that a snapshot had. */
  add(columns: Row): Slot {
    return this.groups.add(keyOf(this.#namesOf(columns).map((name) => columns[name])), columns);
  }

  /**
   * The group of these columns, which may be new. `old`: where the row has been, NO_SLOT for nowhere.
   * @throws TypeError for other columns than groups have. @throws LimitError for what a merge task cannot be told
   */
  groupOf(columns: Row, old: Slot): Slot {
    const { groups } = this;
    // Most rows stay in their group: then its key need not be made.
    if (old !== NO_SLOT && groups.hasColumns(old, columns)) return old;
    const names = this.#namesOf(columns);
    const values = new Array<unknown>(names.length);
    for (let index = 0; index < names.length; index++) {
      values[index] = columns[names[index]];
      if (values[index] === undefined) throw this.#noColumn(names[index], columns);
    }
    const key = keyOf(values);
    const group = groups.keys.find(key);
    if (group !== NO_SLOT) return group;
    if (Object.keys(columns).length !== names.length) throw this.#otherColumns(columns);
    this.checkColumns(columns);
    return groups.add(key, columns);
  }

  /** The group of this key, which may be new. `columns`: checked. */
  groupAt(key: Key, columns: Row): Slot {
    const group = this.groups.keys.find(key);
    return group === NO_SLOT ? this.groups.add(key, columns) : group;
  }

  /** A group that the merge task cannot be told of must not be made: its rows are refused one by one. */
  checkColumns(columns: Row): void {
    if (this.plan.merge !== null) checkMessageBytes(encodeWire(columns), this.partBytesMax);
  }

  #namesOf(columns: Row): readonly string[] {
    return this.#names ??= Object.keys(columns).sort();
  }

  /** Taken for null, all rows would be in one group, without a word, for a column that is misspelt. */
  #noColumn(missing: string, columns: Row): TypeError {
    if (!Object.hasOwn(columns, missing)) return this.#otherColumns(columns);
    return new TypeError(
      `Cannot group by "${missing}": current value is undefined. Is it misspelt in what ${this.#callback} reads? ` +
        "Return null for rows that have no value there",
    );
  }

  #otherColumns(columns: Row): TypeError {
    const found = Object.keys(columns).sort().join(", ");
    return new TypeError(
      `${this.#callback} must return the same columns for every row: ${this.#namesOf(columns).join(", ")}; now it ` +
        `returned ${found}`,
    );
  }

  get #callback(): string {
    return isOfRows(this.plan.aggregate) ? "selectKey" : "groupBy";
  }
}
