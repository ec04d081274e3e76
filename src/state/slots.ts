/** A place in a table, from `add` to `remove`; then another key may get it. Means nothing outside of its table. */
export type Slot = number;
/** No such key, no partner, no further user. */
export const NO_SLOT: Slot = -1;

/** Something that is kept of every slot of a table. */
export interface SlotPart {
  /** Makes room for the slot, before it is used first. Slots come in growing order. */
  grow(slot: Slot): void;
  /** The slot is free: it holds what a new one holds. */
  clear(slot: Slot): void;
  /** Bytes held: exact off the heap, estimated on it. */
  readonly bytes: number;
}
