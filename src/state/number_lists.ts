import { SlotCells } from "./cells.ts";
import { loadSlots, misfit, saveNumbers } from "./sections.ts";
import { type Loading, NO_SLOT, type SectionReader, type SectionWriter, type Slot, type SlotPart } from "./slots.ts";

const NOTHING: readonly number[] = [];

/**
 * For each slot a short list of different integers of 32 bits, in the order in which they came: subscribers. 4 bytes a
 * slot and 8 a number, none of them an object; an operation takes time in proportion to the list.
 */
export class NumberLists implements SlotPart {
  /** By slot: the first link of its list. */
  readonly #heads = new SlotCells();
  /** By link: its number, and the next link of the same list or of those that are free. */
  readonly #numbers = new SlotCells();
  readonly #nexts = new SlotCells();
  #links = 0;
  #free = NO_SLOT;

  /** `value`: an integer of 32 bits. False if it is in the list already. */
  add(slot: Slot, value: number): boolean {
    let last = NO_SLOT;
    for (let link = this.#heads.get(slot); link !== NO_SLOT; link = this.#nexts.get(link)) {
      if (this.#numbers.get(link) === value) return false;
      last = link;
    }
    const added = this.#link(value);
    if (last === NO_SLOT) this.#heads.set(slot, added);
    else this.#nexts.set(last, added);
    return true;
  }

  /** Takes all others out. */
  keep(slot: Slot, wanted: (value: number) => boolean): void {
    let last = NO_SLOT;
    for (let link = this.#heads.get(slot); link !== NO_SLOT;) {
      const next = this.#nexts.get(link);
      if (wanted(this.#numbers.get(link))) last = link;
      else {
        if (last === NO_SLOT) this.#heads.set(slot, next);
        else this.#nexts.set(last, next);
        this.#release(link);
      }
      link = next;
    }
  }

  /** The list as it is now; it does not follow later changes. */
  values(slot: Slot): readonly number[] {
    const first = this.#heads.get(slot);
    if (first === NO_SLOT) return NOTHING;
    const values = [this.#numbers.get(first)];
    for (let link = this.#nexts.get(first); link !== NO_SLOT; link = this.#nexts.get(link)) {
      values.push(this.#numbers.get(link));
    }
    return values;
  }

  isEmpty(slot: Slot): boolean {
    return this.#heads.get(slot) === NO_SLOT;
  }

  grow(slot: Slot): void {
    this.#heads.grow(slot);
  }

  clear(slot: Slot): void {
    for (let link = this.#heads.get(slot); link !== NO_SLOT;) {
      const next = this.#nexts.get(link);
      this.#release(link);
      link = next;
    }
    this.#heads.clear(slot);
  }

  get bytes(): number {
    return this.#heads.bytes + this.#numbers.bytes + this.#nexts.bytes;
  }

  /** How long each list is, then all numbers one list after the other, at most so many in one section. */
  save(to: SectionWriter): void {
    const { slots } = this.#heads;
    saveNumbers(to, [slots]);
    for (let first = 0; first < slots; first += SECTION_SLOTS) {
      const lists = Array.from({ length: Math.min(SECTION_SLOTS, slots - first) }, (_, at) => this.values(first + at));
      to.array(Int32Array.from(lists, (list) => list.length));
      to.array(Int32Array.from(lists.flat()));
    }
  }

  *load(from: SectionReader): Loading {
    const slots = loadSlots(from, this.#heads.slots);
    if (slots > 0) this.grow(slots - 1);
    for (let first = 0; first < slots; first += SECTION_SLOTS) {
      const lengths = from.array(Int32Array);
      const numbers = from.array(Int32Array);
      const count = Math.min(SECTION_SLOTS, slots - first);
      if (lengths.length !== count) throw misfit(`${lengths.length} lists instead of ${count}`);
      let at = 0;
      for (let index = 0; index < count; index++) {
        if (lengths[index] < 0 || at + lengths[index] > numbers.length) throw misfit(`${lengths[index]} numbers`);
        for (const end = at + lengths[index]; at < end; at++) this.#addLoaded(first + index, numbers[at]);
      }
      if (at !== numbers.length) throw misfit(`${numbers.length} numbers in lists of ${at}`);
      yield;
    }
  }

  #addLoaded(slot: Slot, value: number): void {
    if (!this.add(slot, value)) throw misfit(`${value} in a list`);
  }

  #link(value: number): number {
    let link = this.#free;
    if (link === NO_SLOT) {
      link = this.#links++;
      this.#numbers.grow(link);
      this.#nexts.grow(link);
    } else this.#free = this.#nexts.get(link);
    this.#numbers.set(link, value);
    this.#nexts.set(link, NO_SLOT);
    return link;
  }

  #release(link: number): void {
    this.#nexts.set(link, this.#free);
    this.#free = link;
  }
}

/** Lists of one section. */
const SECTION_SLOTS = 65_536;
