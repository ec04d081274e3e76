import type { Key } from "../record/key.ts";
import { SlotCells } from "./cells.ts";
import { KeyIndex } from "./key_index.ts";
import { misfit } from "./sections.ts";
import { SlotKeys } from "./slot_keys.ts";
import {
  endsStep,
  type Loading,
  NO_SLOT,
  type SectionReader,
  type SectionWriter,
  type Slot,
  type SlotOwner,
  type SlotPart,
  SLOTS_MAX,
} from "./slots.ts";
import { TextIndex } from "./text_index.ts";

/**
 * Keys, and which slot each has; whatever else is kept of a slot is a part that is attached. Numbers and texts are
 * different keys (1 is not "1"). Nothing stops for longer than the doubling of a 256th of the index, or a new chunk of
 * each part.
 */
export class SlotTable implements SlotOwner {
  readonly #keys = new SlotKeys();
  readonly #integers: KeyIndex;
  readonly #texts: TextIndex;
  readonly #parts: SlotPart[] = [];
  #slots = 0;
  /** A stack of slots to be given out again. */
  readonly #free = new SlotCells();
  #freeCount = 0;

  /**
   * `seed`: of the index's hash; a secret by default, so that keys from outside cannot be chosen to meet in one place.
   * Nothing that can be seen from outside depends on it but the time it takes.
   */
  constructor({ seed = crypto.getRandomValues(new Uint32Array(1))[0] }: { readonly seed?: number } = {}) {
    this.#integers = new KeyIndex(this.#keys.integers, seed);
    this.#texts = new TextIndex(seed);
  }

  /** Keys that are there. */
  get size(): number {
    return this.#slots - this.#freeCount;
  }

  /** Slots ever given out, free ones included: the end of a scan. */
  get slots(): number {
    return this.#slots;
  }

  /** Held by the keys and all parts. */
  get bytes(): number {
    let bytes = this.#keys.bytes + this.#integers.bytes + this.#texts.bytes + this.#free.bytes;
    for (const part of this.#parts) bytes += part.bytes;
    return bytes;
  }

  attach<P extends SlotPart>(part: P): P {
    if (this.#slots > 0) part.grow(this.#slots - 1);
    this.#parts.push(part);
    return part;
  }

  /** Nothing is kept in `part` of this table any more. */
  detach(part: SlotPart): void {
    const at = this.#parts.indexOf(part);
    if (at >= 0) this.#parts.splice(at, 1);
  }

  /** NO_SLOT for a key that is not there. */
  find(key: Key): Slot {
    return typeof key === "number" ? this.#integers.find(key) : this.#texts.find(key);
  }

  has(key: Key): boolean {
    return this.find(key) !== NO_SLOT;
  }

  /** A slot for a key that is not there; the parts hold nothing of it. @throws RangeError beyond {@link SLOTS_MAX} */
  add(key: Key): Slot {
    const slot = this.#freeCount > 0 ? this.#reused() : this.#grown();
    this.#keys.set(slot, key);
    if (typeof key === "number") this.#integers.add(key, slot);
    else this.#texts.add(key, slot);
    return slot;
  }

  #reused(): Slot {
    return this.#free.get(--this.#freeCount);
  }

  #grown(): Slot {
    if (this.#slots >= SLOTS_MAX) {
      throw new RangeError(`Cannot keep more than ${SLOTS_MAX} keys in a table: use more partitions`);
    }
    const slot = this.#slots++;
    this.#keys.grow(slot);
    for (const part of this.#parts) part.grow(slot);
    return slot;
  }

  /** Of a slot that is in use. */
  keyOf(slot: Slot): Key {
    return this.#keys.get(slot) as Key;
  }

  isUsed(slot: Slot): boolean {
    return slot >= 0 && slot < this.#slots && this.#keys.get(slot) !== null;
  }

  /** In slot order. Slots added meanwhile may or may not come; those removed before their turn do not. */
  *used(): Generator<Slot> {
    for (let slot = 0; slot < this.#slots; slot++) if (this.#keys.get(slot) !== null) yield slot;
  }

  /**
   * The key of `slot` is gone: all parts forget the slot, and another key may get it.
   * @throws RangeError for a slot that is not in use: given back twice, it would be given to two keys
   */
  remove(slot: Slot): void {
    if (!this.isUsed(slot)) throw new RangeError(`Cannot remove slot ${slot}: no key has it`);
    for (const part of this.#parts) part.clear(slot);
    const key = this.keyOf(slot);
    if (typeof key === "number") this.#integers.remove(key);
    else this.#texts.remove(key);
    this.#keys.clear(slot);
    this.#push(slot);
  }

  #push(slot: Slot): void {
    const at = this.#freeCount++;
    this.#free.grow(at);
    this.#free.set(at, slot);
  }

  /** The keys, then all parts in the order in which they were attached. The index is not written. */
  save(to: SectionWriter): void {
    this.#keys.save(to);
    for (const part of this.#parts) part.save(to);
  }

  /**
   * What {@link save} wrote, back into a table without slots to which the same parts are attached: every key has the
   * slot it had. A table that could not be loaded is thrown away. @throws RangeError for what does not fit
   */
  *load(from: SectionReader): Loading {
    if (this.#slots > 0) throw misfit("the table is not empty");
    yield* this.#keys.load(from);
    this.#slots = this.#keys.slots;
    let integers = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (typeof this.#keys.get(slot) === "number") integers++;
      if (endsStep(slot)) yield;
    }
    this.#integers.reserve(integers);
    for (let slot = 0; slot < this.#slots; slot++) {
      const key = this.#keys.get(slot);
      if (key === null) this.#push(slot);
      else if (!(typeof key === "number" ? this.#integers.enter(key, slot) : this.#texts.enter(key, slot))) {
        throw misfit("a key that is there twice");
      }
      if (endsStep(slot)) yield;
    }
    for (const part of this.#parts) {
      if (this.#slots > 0) part.grow(this.#slots - 1);
      yield* part.load(from);
    }
  }
}
