import type { Row } from "../record/row.ts";
import type { Slot, SlotPart } from "./slots.ts";

/** Rows by slot. */
export interface Rows extends SlotPart {
  has(slot: Slot): boolean;
  /** The row, or null. It may be the caller's own or the state's: it is not to be changed. */
  read(slot: Slot): Row | null;
  /** Puts the row in (null: none). False if it equals the row held (`wireEquals`), which then stays. */
  write(slot: Slot, row: Row | null): boolean;
}
