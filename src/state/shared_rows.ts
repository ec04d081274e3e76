import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { DigestedRows } from "./digested_rows.ts";
import { SlotColumns } from "./slot_columns.ts";
import { SlotTable } from "./slot_table.ts";
import { NO_SLOT, type Slot } from "./slots.ts";

/** One of those who use the same rows. */
export interface RowsUser {
  /** The row in this slot is another one. Without a row the slot is given back when all users were told. */
  changed(slot: Slot): void;
  /** It threw when it was told: it is told nothing more, and must not look at the rows again. */
  failed(error: Error): void;
}

/**
 * Rows that several users have in common. What one of them keeps of a row is a column of its own, at the row's slot.
 * Who comes sees all rows that are there; from then on it is told of each change in the same turn in which it is made,
 * as all others are: nobody ever sees a row of another time than the others do. A slot is given back when all were
 * told, so nobody's columns mean another key.
 */
export class SharedRows {
  readonly keys = new SlotTable();
  readonly rows: DigestedRows = new DigestedRows(this.keys);
  readonly #users = new Set<RowsUser>();
  readonly #columns = new Set<SlotColumns>();

  /** `user` is told of changes from now on. */
  join(user: RowsUser): void {
    this.#users.add(user);
  }

  leave(user: RowsUser): void {
    this.#users.delete(user);
  }

  /** A place for what one user keeps of every slot, until {@link drop}. */
  columns(): SlotColumns {
    const columns = new SlotColumns(this.keys);
    this.#columns.add(columns);
    return columns;
  }

  /** The user to whom these columns belong has left. */
  drop(columns: SlotColumns): void {
    if (this.#columns.delete(columns)) columns.remove();
  }

  /** What all have in common takes so much. */
  get bytes(): number {
    let bytes = this.keys.bytes;
    for (const columns of this.#columns) bytes -= columns.bytes;
    return bytes;
  }

  /** The row of a key, or null. */
  held(key: Key): Row | null {
    const slot = this.keys.find(key);
    return slot === NO_SLOT ? null : this.rows.read(slot);
  }

  /** Sets the row of a key (null: there is none any more) and tells all users. Returns the row that it replaces. */
  set(key: Key, row: Row | null): Row | null {
    const { keys, rows } = this;
    let slot = keys.find(key);
    if (slot === NO_SLOT) {
      if (row === null) return null;
      slot = keys.add(key);
    }
    const before = rows.read(slot);
    if (!rows.write(slot, row)) return before;
    for (const user of this.#users) this.#tell(user, slot);
    if (row === null) keys.remove(slot);
    return before;
  }

  /** What one user throws is its own matter. */
  #tell(user: RowsUser, slot: Slot): void {
    try {
      user.changed(slot);
    } catch (error) {
      this.leave(user);
      user.failed(error as Error);
    }
  }
}
