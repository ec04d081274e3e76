import { NumberCells, SlotCells } from "./cells.ts";
import { loadNumbers, misfit, saveNumbers } from "./sections.ts";
import {
  endsStep,
  type Loading,
  NO_SLOT,
  type SectionReader,
  type SectionWriter,
  type Slot,
  type SlotPart,
} from "./slots.ts";

/** Children of a place in the heap: those of one lie side by side, and a heap of four has half as many levels. */
const CHILDREN = 4;

/**
 * A time for some slots of a table, and which comes first: a heap of (time, slot) in typed arrays, and for each slot
 * its place in it, so that a time that changes is moved and nothing is left behind. 16 bytes for a slot with a time, 4
 * for one without. A time later than all others, as most are that come in their order, costs one comparison.
 *
 * Hand-written, as queues of libraries keep an object for each item and cannot find one again.
 */
export class DueTimes implements SlotPart {
  /** By slot: its place in the heap. */
  readonly #places = new SlotCells();
  /** By place. */
  readonly #times = new NumberCells();
  readonly #slots = new SlotCells();
  #size = 0;

  /** Slots that have a time. */
  get size(): number {
    return this.#size;
  }

  /** The first of all times; Infinity if there is none. */
  get first(): number {
    return this.#size === 0 ? Infinity : this.#times.get(0)!;
  }

  /** The time of a slot; Infinity if it has none. */
  timeOf(slot: Slot): number {
    const place = this.#places.get(slot);
    return place === NO_SLOT ? Infinity : this.#times.get(place)!;
  }

  /** Gives the slot this time, in place of the one that it has; Infinity: none. Never NaN. */
  set(slot: Slot, time: number): void {
    const place = this.#places.get(slot);
    if (time === Infinity) {
      if (place !== NO_SLOT) this.#removeAt(place);
      return;
    }
    if (place === NO_SLOT) {
      const last = this.#size++;
      this.#times.grow(last);
      this.#slots.grow(last);
      return this.#rise(last, { slot, time });
    }
    const before = this.#times.get(place)!;
    if (time < before) this.#rise(place, { slot, time });
    else if (time > before) this.#sink(place, { slot, time });
  }

  /** Takes the slot of the first time out. There must be one. */
  take(): Slot {
    const slot = this.#slots.get(0);
    this.#removeAt(0);
    return slot;
  }

  /** Slots whose times are `time` or earlier, in no order. Nothing changes meanwhile. */
  *upTo(time: number): Generator<Slot> {
    const places = this.first <= time ? [0] : [];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      yield this.#slots.get(place);
      const first = place * CHILDREN + 1;
      for (let child = first; child < Math.min(first + CHILDREN, this.#size); child++) {
        if (this.#times.get(child)! <= time) places.push(child);
      }
    }
  }

  #removeAt(place: number): void {
    this.#places.set(this.#slots.get(place), NO_SLOT);
    const last = --this.#size;
    if (place === last) return;
    const moved = { slot: this.#slots.get(last), time: this.#times.get(last)! };
    if (place > 0 && moved.time < this.#times.get(parentOf(place))!) this.#rise(place, moved);
    else this.#sink(place, moved);
  }

  /** Puts the item at this place, which is free, or above it. */
  #rise(place: number, item: Item): void {
    let at = place;
    while (at > 0) {
      const parent = parentOf(at);
      if (this.#times.get(parent)! <= item.time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, item);
  }

  /** Puts the item at this place, which is free, or below it. */
  #sink(place: number, item: Item): void {
    let at = place;
    for (;;) {
      const first = at * CHILDREN + 1;
      const end = Math.min(first + CHILDREN, this.#size);
      let least = -1;
      let leastTime = item.time;
      for (let child = first; child < end; child++) {
        const time = this.#times.get(child)!;
        if (time < leastTime) [least, leastTime] = [child, time];
      }
      if (least < 0) break;
      this.#move(least, at);
      at = least;
    }
    this.#put(at, item);
  }

  /** Copies what is at one place to another one. */
  #move(from: number, to: number): void {
    const slot = this.#slots.get(from);
    this.#times.set(to, this.#times.get(from));
    this.#slots.set(to, slot);
    this.#places.set(slot, to);
  }

  #put(place: number, { slot, time }: Item): void {
    this.#times.set(place, time);
    this.#slots.set(place, slot);
    this.#places.set(slot, place);
  }

  grow(slot: Slot): void {
    this.#places.grow(slot);
  }

  clear(slot: Slot): void {
    this.set(slot, Infinity);
  }

  get bytes(): number {
    return this.#places.bytes + this.#times.bytes + this.#slots.bytes;
  }

  save(to: SectionWriter): void {
    saveNumbers(to, [this.#size]);
    this.#times.save(to);
    this.#slots.save(to);
  }

  /** @throws RangeError for what {@link save} cannot have written */
  *load(from: SectionReader): Loading {
    const [size] = loadNumbers(from, 1);
    yield* this.#times.load(from);
    yield* this.#slots.load(from);
    if (size > Math.min(this.#times.slots, this.#slots.slots)) throw misfit(`${size} times`);
    for (let place = 0; place < size; place++) {
      const slot = this.#slots.get(place);
      const time = this.#times.get(place);
      if (slot < 0 || slot >= this.#places.slots || this.#places.get(slot) !== NO_SLOT) throw misfit(`slot ${slot}`);
      if (time === null || (place > 0 && time < this.#times.get(parentOf(place))!)) throw misfit(`time ${time}`);
      this.#places.set(slot, place);
      if (endsStep(place)) yield;
    }
    this.#size = size;
  }
}

interface Item {
  readonly slot: Slot;
  readonly time: number;
}

function parentOf(place: number): number {
  return (place - 1) >>> 2;
}
