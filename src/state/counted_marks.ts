import { ByteCells } from "./cells.ts";
import type { Loading, Slot, SlotPart } from "./slots.ts";

/** Marks of one table: they take two bytes at most. */
export const MARKS_MAX = 2 ** 16;

/**
 * A small number for each slot, 0 for a new one, and how many slots have each number. They are in no snapshot: whoever
 * loads one finds 0 of every slot.
 *
 * Nearly always one byte tells all numbers that there are, so that there is a second one only from the first greater
 * number on; it is 0 of all others, and nothing is copied.
 */
export class CountedMarks implements SlotPart {
  readonly #low = new ByteCells();
  #high: ByteCells | null = null;
  /** By mark: slots that have it. Of 0, which every free slot has, nothing is counted. */
  readonly #slots: number[] = [0];

  /** Of one slot. */
  get(slot: Slot): number {
    return this.#high === null ? this.#low.get(slot) : this.#low.get(slot) | this.#high.get(slot) << 8;
  }

  /** `mark`: from 0 to {@link MARKS_MAX} - 1. */
  set(slot: Slot, mark: number): void {
    const before = this.#high === null ? this.#low.get(slot) : this.get(slot);
    if (before === mark) return;
    if (before !== 0) this.#slots[before]--;
    if (mark !== 0) this.#slots[mark] = (this.#slots[mark] ?? 0) + 1;
    this.#low.set(slot, mark & 255);
    if (this.#high === null && mark > 255) this.#widen();
    this.#high?.set(slot, mark >> 8);
  }

  #widen(): void {
    this.#high = new ByteCells();
    if (this.#low.slots > 0) this.#high.grow(this.#low.slots - 1);
  }

  /** How many slots have the mark, which is not 0. */
  count(mark: number): number {
    return this.#slots[mark] ?? 0;
  }

  grow(slot: Slot): void {
    this.#low.grow(slot);
    this.#high?.grow(slot);
  }

  clear(slot: Slot): void {
    this.set(slot, 0);
  }

  get bytes(): number {
    return this.#low.bytes + (this.#high?.bytes ?? 0);
  }

  save(): void {}

  *load(): Loading {}
}
