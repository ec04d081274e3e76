import { ByteCells } from "./cells.ts";
import { PackedRows } from "./packed_rows.ts";
import { SlotTable } from "./slot_table.ts";
import type { Loading, Slot, SlotOwner } from "./slots.ts";

/** Not every output of the entry is known yet in this epoch. */
export const PENDING = 1;
/** Waits in the queue of entries to evaluate. */
export const DIRTY = 2;
/** Its last evaluation failed: a callback threw, or a row or value that it gave cannot be written or told. */
export const FAILED = 4;
/** Seen in ClickHouse by the comparison under way. */
export const SEEN = 8;
/** A sink showed something of it when the task started. */
export const SHOWN_BEFORE = 16;
/** The start has written it over something that a sink showed. */
export const REPLACED = 32;
/** A row of it had expired when it was evaluated. */
export const EXPIRED = 64;

/** By the flags that a snapshot has of an entry, those that it has then. */
const RESTORED_FLAGS: Uint8Array = Uint8Array.from({ length: 256 }, (_, saved) => {
  const kept = saved & ~(DIRTY | FAILED | PENDING | SEEN | SHOWN_BEFORE | REPLACED);
  return (saved & (DIRTY | FAILED | PENDING)) !== 0 ? kept | PENDING : kept;
});

/**
 * The own keys of a task or of a global table: each is an entry, which has a slot, flags and a row of each member of
 * the table. Whoever keeps something of every entry (the digest that a sink shows, a link to a right row) attaches it
 * to `keys` as a column of its own, so that there is no object for each.
 */
export class Entries {
  readonly keys: SlotTable;
  /** The rows of each member. */
  readonly members: readonly PackedRows[];
  readonly #flags: ByteCells;

  /** `members`: how many the table has; or keys and rows that others use, too, and where flags of one's own go. */
  constructor(members: number | { keys: SlotTable; rows: readonly PackedRows[]; columns: SlotOwner }) {
    if (typeof members === "number") {
      const keys = this.keys = new SlotTable();
      this.#flags = keys.attach(new ByteCells());
      this.members = Array.from({ length: members }, () => keys.attach(new PackedRows()));
    } else {
      this.keys = members.keys;
      this.#flags = members.columns.attach(new ByteCells());
      this.members = members.rows;
    }
  }

  /** How many entries there are. */
  get size(): number {
    return this.keys.size;
  }

  /** Whether any member has a row. */
  hasRow(slot: Slot): boolean {
    for (const rows of this.members) if (rows.has(slot)) return true;
    return false;
  }

  /** Whether any of these flags is set. */
  is(slot: Slot, flags: number): boolean {
    return (this.#flags.get(slot) & flags) !== 0;
  }

  /**
   * After they were loaded from a snapshot, in steps: those that were to be evaluated, or had failed, are pending, and
   * nothing is known of what is shown.
   */
  restored(): Loading {
    return this.#flags.replace(RESTORED_FLAGS);
  }

  /** Visits the entries of which any of these flags is set, in slot order. `visit` raises and lowers none. */
  forEachWith(flags: number, visit: (slot: Slot) => void): void {
    this.#flags.forEachWith(flags, visit);
  }

  raise(slot: Slot, flags: number): void {
    this.#flags.set(slot, this.#flags.get(slot) | flags);
  }

  lower(slot: Slot, flags: number): void {
    this.#flags.set(slot, this.#flags.get(slot) & ~flags);
  }
}
