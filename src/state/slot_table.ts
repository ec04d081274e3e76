import type { Key } from "../record/key.ts";
import { NO_SLOT, type Slot, type SlotPart } from "./slots.ts";

export class SlotTable {
  readonly #index = new Map<Key, Slot>();
  readonly #keys: (Key | undefined)[] = [];
  readonly #free: Slot[] = [];
  readonly #parts: SlotPart[] = [];

  get size(): number {
    return this.#index.size;
  }
  get slots(): number {
    return this.#keys.length;
  }
  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, this.#index.size * 80);
  }
  attach<P extends SlotPart>(part: P): P {
    this.#parts.push(part);
    for (let slot = 0; slot < this.slots; slot++) part.grow(slot);
    return part;
  }
  find(key: Key): Slot {
    return this.#index.get(key) ?? NO_SLOT;
  }
  has(key: Key): boolean {
    return this.#index.has(key);
  }
  add(key: Key): Slot {
    let slot = this.#free.pop();
    if (slot === undefined) {
      slot = this.#keys.length;
      for (const part of this.#parts) part.grow(slot);
    }
    this.#keys[slot] = key;
    this.#index.set(key, slot);
    return slot;
  }
  keyOf(slot: Slot): Key {
    return this.#keys[slot]!;
  }
  isUsed(slot: Slot): boolean {
    return this.#keys[slot] !== undefined;
  }
  *used(): Generator<Slot> {
    for (let slot = 0; slot < this.#keys.length; slot++) if (this.#keys[slot] !== undefined) yield slot;
  }
  remove(slot: Slot): void {
    this.#index.delete(this.#keys[slot]!);
    this.#keys[slot] = undefined;
    for (const part of this.#parts) part.clear(slot);
    this.#free.push(slot);
  }
}
