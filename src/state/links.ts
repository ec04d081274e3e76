import { SlotCells } from "./cells.ts";
import { NO_SLOT, type Slot } from "./slots.ts";
import type { SlotTable } from "./slot_table.ts";

export interface Walk {
  next(): Slot;
  restart(): void;
  close(): void;
}

export class Links {
  readonly #right: SlotCells;
  readonly #after: SlotCells;
  readonly #before: SlotCells;
  readonly #first: SlotCells;
  readonly #counts: SlotCells;
  readonly #walks = new Map<Slot, { cursor: Slot }[]>();

  constructor(left: SlotTable, right: SlotTable) {
    this.#right = left.attach(new SlotCells());
    this.#after = left.attach(new SlotCells());
    this.#before = left.attach(new SlotCells());
    this.#first = right.attach(new SlotCells());
    this.#counts = right.attach(new SlotCells());
  }
  of(left: Slot): Slot {
    return this.#right.get(left);
  }
  users(right: Slot): number {
    return this.#counts.get(right) + 1;
  }
  use(left: Slot, right: Slot): void {
    this.release(left);
    const first = this.#first.get(right);
    this.#right.set(left, right);
    this.#after.set(left, first);
    this.#before.set(left, NO_SLOT);
    if (first !== NO_SLOT) this.#before.set(first, left);
    this.#first.set(right, left);
    this.#counts.set(right, this.#counts.get(right) + 1);
  }
  release(left: Slot): Slot {
    const right = this.#right.get(left);
    if (right === NO_SLOT) return NO_SLOT;
    const after = this.#after.get(left);
    const before = this.#before.get(left);
    for (const walk of this.#walks.get(right) ?? []) if (walk.cursor === left) walk.cursor = after;
    if (before === NO_SLOT) this.#first.set(right, after);
    else this.#after.set(before, after);
    if (after !== NO_SLOT) this.#before.set(after, before);
    this.#right.set(left, NO_SLOT);
    this.#counts.set(right, this.#counts.get(right) - 1);
    return this.users(right) === 0 ? right : NO_SLOT;
  }
  walk(right: Slot): Walk {
    const state = { cursor: this.#first.get(right) };
    let walks = this.#walks.get(right);
    if (walks === undefined) this.#walks.set(right, walks = []);
    walks.push(state);
    const close = () => {
      const open = this.#walks.get(right);
      if (open === undefined || !open.includes(state)) return;
      open.splice(open.indexOf(state), 1);
      if (open.length === 0) this.#walks.delete(right);
    };
    return {
      next: () => {
        const { cursor } = state;
        if (cursor === NO_SLOT) close();
        else state.cursor = this.#after.get(cursor);
        return cursor;
      },
      restart: () => void (state.cursor = this.#first.get(right)),
      close,
    };
  }
}
