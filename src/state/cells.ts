import { NO_SLOT, type Slot, type SlotPart } from "./slots.ts";

class Cells<T> implements SlotPart {
  readonly #values: T[] = [];
  readonly #none: T;
  constructor(none: T) {
    this.#none = none;
  }
  grow(slot: Slot): void {
    this.#values[slot] = this.#none;
  }
  clear(slot: Slot): void {
    this.#values[slot] = this.#none;
  }
  get bytes(): number {
    return this.#values.length * 8;
  }
  get(slot: Slot): T {
    return this.#values[slot];
  }
  set(slot: Slot, value: T): void {
    this.#values[slot] = value;
  }
}
export class ByteCells extends Cells<number> {
  constructor() {
    super(0);
  }
}
export class NumberCells extends Cells<number | null> {
  constructor() {
    super(null);
  }
}
export class SlotCells extends Cells<Slot> {
  constructor() {
    super(NO_SLOT);
  }
}
