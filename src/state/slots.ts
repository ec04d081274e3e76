/**
 * A place in a table, from the moment a key is added until it is removed; then another key may get it. Means nothing
 * outside of its table.
 */
export type Slot = number;

/** No such row, no partner, no further user. */
export const NO_SLOT = -1;

/**
 * Slots of one table at most: an index keeps a slot plus one in 28 bits, in which 0 stands for none. So many rows of
 * one partition take 10 GB and more.
 */
export const SLOTS_MAX = 2 ** 28 - 2;

/** Something that is kept of every slot of a table: a column, links, rows. It is attached to one table. */
export interface SlotPart {
  /** Makes room for `slot`, before it is used first, and for all below. Slots come in growing order. */
  grow(slot: Slot): void;
  /** The slot is free from now on: it holds what a new one holds. */
  clear(slot: Slot): void;
  /** Bytes held: off the heap exactly, on the heap as estimated. */
  readonly bytes: number;
  /**
   * For a snapshot: everything, in one order.
   * @throws TypeError for a value that no text can stand for (see `value_text.ts`), now or when it is written
   */
  save(to: SectionWriter): void;
  /**
   * What {@link save} wrote, back into a part that has grown to as many slots, or to none, and holds nothing yet. What
   * a damaged part of it says is not used: the part is thrown away. @throws RangeError for what does not fit
   */
  load(from: SectionReader): Loading;
}

/** Loading, cut into steps of a few milliseconds: a table of millions of rows must not stop everything else. */
export type Loading = Generator<void, void>;

/** Slots of which something is looked up or put in one step. */
export const STEP_SLOTS = 8_192;

/** Whether a step ends with this slot. */
export function endsStep(slot: Slot): boolean {
  return slot % STEP_SLOTS === STEP_SLOTS - 1;
}

/** A table, or what stands for it: whatever is attached to it is kept of every slot. */
export interface SlotOwner {
  /** `part` grows with the table from now on; it has room for the slots that are there. */
  attach<P extends SlotPart>(part: P): P;
}

/** Where a snapshot's sections go: all of them are of the moment of the call. */
export interface SectionWriter {
  /** What is given may change after the call, so it is written or copied at once. */
  array(values: ArrayBufferView): void;
  /** What takes long to make, or is much to copy, and does not change meanwhile. */
  later(sections: LaterSections): void;
  /** Texts of any UTF-16 units survive, lone surrogates included. */
  texts(values: readonly (string | null)[]): void;
}

/** Sections that are made when their turn comes to be written, each step of them in a turn of its own. */
export interface LaterSections {
  /** Of arrays nothing is copied: they must not change before {@link release}. */
  write(to: SectionWriter): Loading;
  /** They are written, or nobody will: nothing that they were made of is needed any more. It may be called again. */
  release(): void;
}

/** Of what never changes, or is nobody else's: nothing need be given back. */
export function ownSections(write: LaterSections["write"]): LaterSections {
  return { write, release: () => {} };
}

/** Sections of a snapshot, in the order in which they were written. */
export interface SectionReader {
  /** The next array, in memory of its own. @throws RangeError if it is no array of whole elements, or there is none */
  array<T extends ArrayBufferView>(make: new (buffer: ArrayBuffer) => T): T;
  /** @throws RangeError if the next section holds no texts, or there is none */
  texts(): (string | null)[];
}
