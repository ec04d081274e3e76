import type { Slot, SlotPart } from "./slots.ts";

export class NumberLists implements SlotPart {
  readonly #lists: (number[] | null)[] = [];
  grow(slot: Slot): void {
    this.#lists[slot] = null;
  }
  clear(slot: Slot): void {
    this.#lists[slot] = null;
  }
  get bytes(): number {
    return this.#lists.length * 8;
  }
  add(slot: Slot, value: number): boolean {
    const list = this.#lists[slot];
    if (list === null) this.#lists[slot] = [value];
    else if (list.includes(value)) return false;
    else list.push(value);
    return true;
  }
  keep(slot: Slot, wanted: (value: number) => boolean): void {
    const left = this.#lists[slot]?.filter(wanted) ?? [];
    this.#lists[slot] = left.length === 0 ? null : left;
  }
  values(slot: Slot): Iterable<number> {
    return this.#lists[slot] ?? [];
  }
  isEmpty(slot: Slot): boolean {
    return this.#lists[slot] === null;
  }
}
