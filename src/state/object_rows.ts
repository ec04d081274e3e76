import type { Row } from "../record/row.ts";
import { wireEquals } from "../record/wire.ts";
import type { Rows } from "./rows.ts";
import type { Slot } from "./slots.ts";

export class ObjectRows implements Rows {
  readonly #rows: (Row | null)[] = [];
  grow(slot: Slot): void {
    this.#rows[slot] = null;
  }
  clear(slot: Slot): void {
    this.#rows[slot] = null;
  }
  get bytes(): number {
    return this.#rows.length * 200;
  }
  has(slot: Slot): boolean {
    return this.#rows[slot] !== null;
  }
  read(slot: Slot): Row | null {
    return this.#rows[slot];
  }
  write(slot: Slot, row: Row | null): boolean {
    const held = this.#rows[slot];
    if (held === row || (held !== null && row !== null && wireEquals(held, row))) return false;
    this.#rows[slot] = row;
    return true;
  }
}
