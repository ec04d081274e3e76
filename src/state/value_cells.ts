import { wireEquals } from "../record/wire.ts";
import type { Slot, SlotPart } from "./slots.ts";

export class ValueCells implements SlotPart {
  readonly #values: unknown[] = [];
  grow(slot: Slot): void {
    this.#values[slot] = null;
  }
  clear(slot: Slot): void {
    this.#values[slot] = null;
  }
  get bytes(): number {
    return this.#values.length * 8;
  }
  get(slot: Slot): unknown {
    return this.#values[slot];
  }
  put(slot: Slot, value: unknown): boolean {
    if (wireEquals(this.#values[slot], value)) return false;
    this.#values[slot] = value;
    return true;
  }
}
