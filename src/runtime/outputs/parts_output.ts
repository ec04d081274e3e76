import type { GroupPlan, PartsPlan } from "../../plan/physical.ts";
import { contributionCheck } from "../../processor/contribution.ts";
import { type Groups, loadWhole } from "../../processor/group.ts";
import { type KeyColumns, keyValueOf } from "../../processor/key_value.ts";
import { type Part, partsMaker, type Whole } from "../../processor/parts.ts";
import { ProcessorError } from "../../record/errors.ts";
import { type Key, keyText } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { wireEquals } from "../../record/wire.ts";
import { SlotCells } from "../../state/cells.ts";
import type { SlotTable } from "../../state/slot_table.ts";
import { endsStep, NO_SLOT, type SectionReader, type SectionWriter, type Slot } from "../../state/slots.ts";
import { ChangedGroups } from "./changed_groups.ts";
import { type GroupOutputOptions, NOT_FOLDED, type Placed, PUT_PER_STEP } from "./group_output.ts";

/**
 * The parts of one home's rows. A part is as a group of one row: it has a slot, a share that is sent to the task that
 * has its key, and is gone when nothing is in it. Since its key holds that of its row, no other row ever is in it. So
 * what an entry has contributed is what its parts are, and the entry need only know which these are: a list through
 * their slots.
 */
export class PartsOutput {
  readonly plan: GroupPlan;
  readonly changed: ChangedGroups;
  readonly groups: Groups;
  #unknownEntries = 0;
  readonly #entries: SlotTable;
  /** By entry: its first part. */
  readonly #first: SlotCells;
  /** By part: the next one of the same entry. */
  readonly #next: SlotCells;
  readonly #partsOf: (whole: Whole) => Part[];
  readonly #check: (row: unknown) => void;
  readonly #keyColumns: KeyColumns;
  readonly #keyValue: (key: Key) => unknown;
  readonly #onError: (error: ProcessorError) => void;

  constructor(options: GroupOutputOptions & { readonly parts: PartsPlan }) {
    this.plan = options.plan;
    this.#entries = options.entries;
    this.#first = options.entries.attach(new SlotCells());
    this.changed = new ChangedGroups(options);
    this.groups = this.changed.groups;
    this.#next = this.groups.keys.attach(new SlotCells());
    this.#partsOf = partsMaker(options.parts);
    this.#check = contributionCheck(options.plan.aggregate.columns[0].spec, this.changed.partBytesMax);
    this.#keyColumns = options.keyColumns;
    this.#keyValue = keyValueOf(options.keyColumns);
    this.#onError = options.onError;
  }

  /** Whether all entries have been folded of those that were {@link expect}ed. */
  get known(): boolean {
    return this.#unknownEntries === 0;
  }

  /** The entry's row is not known yet in this epoch. */
  markUnknown(entry: Slot): void {
    this.#first.set(entry, NOT_FOLDED);
  }

  /** The entry, whose parts a snapshot has, is to be folded anew. */
  unfold(entry: Slot): void {
    if (this.#first.get(entry) === NOT_FOLDED) return;
    for (const part of [...this.#partsAt(entry)]) this.#take(part);
    this.#first.set(entry, NOT_FOLDED);
  }

  /** For a snapshot: all parts, by slot, and which is the next one of the same entry. */
  save(to: SectionWriter): void {
    this.groups.saveWhole(to);
    this.#next.save(to);
  }

  /** What {@link save} wrote, after the entries were loaded. Its shares go to other tasks: nobody asks for keys. */
  *load(from: SectionReader): Generator<void, readonly never[]> {
    const { columns, rows, totals: [made] } = yield* loadWhole(from, 1);
    const next = new SlotCells();
    yield* next.load(from);
    const parts: Slot[] = [];
    for (let saved = 0; saved < columns.length; saved++) {
      // One that was taken out of its group, of which ClickHouse was to be told, is no part.
      const there = columns[saved] !== null && (rows.get(saved) ?? 0) > 0;
      parts.push(there ? this.changed.add(columns[saved]!) : NO_SLOT);
      if (there) this.groups.put(parts[saved], [made.get(saved)]);
      if (parts.length % PUT_PER_STEP === 0) yield;
    }
    const loaded = (saved: Slot): Slot => {
      if (saved === NO_SLOT) return NO_SLOT;
      const part = parts[saved] ?? NO_SLOT;
      if (part === NO_SLOT) throw new RangeError("it is damaged: a part that is not there");
      return part;
    };
    for (const [saved, part] of parts.entries()) {
      if (part !== NO_SLOT) this.#next.set(part, loaded(next.get(saved)));
      if (endsStep(saved)) yield;
    }
    for (const entry of this.#entries.used()) {
      const saved = this.#first.get(entry);
      if (saved >= 0) this.#first.set(entry, loaded(saved));
      if (entry % PUT_PER_STEP === 0) yield;
    }
    return [];
  }

  /** So many entries are marked, and are folded from now on. */
  expect(entries: number): void {
    this.#unknownEntries = entries;
  }

  /** The entry's row is `row` now (null: absent). */
  fold(entry: Slot, row: Row | null): void {
    if (this.#first.get(entry) === NOT_FOLDED) {
      this.#first.set(entry, NO_SLOT);
      this.#unknownEntries--;
    }
    const parts = row === null ? [] : this.#partsOfRow(entry, row);
    const slots = parts.map(({ key, columns }) => this.changed.groupAt(key, columns));
    const kept = new Set(slots);
    for (const part of [...this.#partsAt(entry)]) if (!kept.has(part)) this.#take(part);
    let following: Slot = NO_SLOT;
    for (let index = slots.length - 1; index >= 0; index--) {
      this.#put(slots[index], parts[index].row);
      this.#next.set(slots[index], following);
      following = slots[index];
    }
    this.#first.set(entry, following);
  }

  /** Whether the entry has parts. */
  holds(entry: Slot): boolean {
    return this.#first.get(entry) >= 0;
  }

  #partsOfRow(entry: Slot, row: Row): readonly Part[] {
    const key = this.#entries.keyOf(entry);
    try {
      const keyColumns = typeof this.#keyColumns === "function" ? this.#keyColumns() : this.#keyColumns;
      const parts = this.#partsOf({ row, key, keyColumns, keyValue: this.#keyValue(key) });
      for (const part of parts) {
        this.#check(part.row);
        this.changed.checkColumns(part.columns);
      }
      return parts;
    } catch (cause) {
      this.#onError(new ProcessorError(this.plan.name, keyText(key), { cause, row }));
      return [];
    }
  }

  /** The entry's parts, each of which is alone in its group; none before it is evaluated. */
  placed(entry: Slot): Placed[] {
    return [...this.#partsAt(entry)].map((group) => ({ group, values: [this.#rowOf(group)] }));
  }

  /** Whether this is one of the entry's parts. */
  isIn(entry: Slot, group: Slot): boolean {
    for (const part of this.#partsAt(entry)) if (part === group) return true;
    return false;
  }

  /** The parts of an entry. Whoever takes them away reads all of them first. */
  *#partsAt(entry: Slot): Generator<Slot> {
    for (let part = this.#first.get(entry); part >= 0; part = this.#next.get(part)) yield part;
  }

  #rowOf(part: Slot): Row {
    return this.groups.state(part) as Row;
  }

  #put(part: Slot, row: Row): void {
    const before = this.groups.rows(part) === 0 ? null : this.#rowOf(part);
    if (before === null) this.groups.put(part, [row]);
    else if (wireEquals(before, row)) return;
    else this.groups.exchange(part, { index: 0, before, after: row });
    this.changed.touch(part);
  }

  #take(part: Slot): void {
    this.groups.take(part, [this.#rowOf(part)]);
    this.changed.touch(part);
  }
}
