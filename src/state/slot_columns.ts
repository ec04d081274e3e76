import type { SlotTable } from "./slot_table.ts";
import type { Slot, SlotOwner, SlotPart } from "./slots.ts";

/**
 * Columns that one of several users keeps of the slots of a table that all of them use. They grow and are cleared with
 * the table until the user takes them away. They are in no snapshot: a table that has any is never saved.
 */
export class SlotColumns implements SlotOwner, SlotPart {
  readonly #keys: SlotTable;
  readonly #parts: SlotPart[] = [];

  /** Attaches itself to the table. */
  constructor(keys: SlotTable) {
    this.#keys = keys;
    keys.attach(this);
  }

  attach<P extends SlotPart>(part: P): P {
    const { slots } = this.#keys;
    if (slots > 0) part.grow(slots - 1);
    this.#parts.push(part);
    return part;
  }

  /** The table knows nothing of these columns any more. */
  remove(): void {
    this.#keys.detach(this);
  }

  grow(slot: Slot): void {
    for (const part of this.#parts) part.grow(slot);
  }

  clear(slot: Slot): void {
    for (const part of this.#parts) part.clear(slot);
  }

  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  save(): never {
    throw new TypeError("Cannot save a table with columns of several users: they are in no snapshot");
  }

  load(): never {
    throw new TypeError("Cannot load a table with columns of several users: they are in no snapshot");
  }
}
