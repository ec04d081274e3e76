import type { Row } from "../record/row.ts";
import type { Slot, SlotPart } from "./slots.ts";

/** A row, or none, for each slot. */
export interface Rows extends SlotPart {
  has(slot: Slot): boolean;
  /** The row as it was written last, or null. Whether it is a new object is the layout's matter. */
  read(slot: Slot): Row | null;
  /**
   * Puts a row, or none. False if it equals (`wireEquals`) what is held, which then stays as it is; else the row is
   * held exactly as given.
   */
  write(slot: Slot, row: Row | null): boolean;
}

/** Whether a value of a snapshot is a row. */
export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
