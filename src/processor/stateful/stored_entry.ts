import type { StoreSpec } from "../../dsl/processor_stores.ts";
import { decodeWire, encodeWire } from "../../record/wire.ts";
import { type Element, placeOf } from "../../state/element.ts";

/** Where an entry is in its store: a text, a time, or a session's start and end. */
export type EntryPlace = string | number | readonly [startUs: number, endUs: number];

/** What a store has at a place. */
export interface StoredEntry {
  readonly store: string;
  readonly at: EntryPlace;
  readonly value: unknown;
}

/** The state of an element: an entry, or (without a value) the place of one that was removed and is not over yet. */
type EntryState = readonly [store: string, at: EntryPlace, value?: unknown];

/** The state of an element that is an entry; `value` undefined: it was removed. */
export function stateOf({ store, at, value }: StoredEntry): unknown {
  return value === undefined ? [store, at] : [store, at, value];
}

/** What an element is in one of the stores; null for one that is a scheduled time, or was removed. */
export function storedEntry({ state }: Pick<Element, "state">): StoredEntry | null {
  if (!Array.isArray(state) || state.length < 3) return null;
  const [store, at, value] = state as unknown as EntryState;
  return { store, at, value: frozen(value) };
}

/** Whether an element is at this place of a store, removed or not. */
export function isAt({ state }: Pick<Element, "state">, { store, at }: Omit<StoredEntry, "value">): boolean {
  if (!Array.isArray(state)) return false;
  const [ofStore, place] = state as unknown as EntryState;
  if (ofStore !== store) return false;
  return Array.isArray(at) ? at.every((us, index) => us === (place as typeof at)[index]) : at === place;
}

/** Whether an element is the place of a store's entry that was removed. */
export function isRemoved({ state }: Pick<Element, "state">, store: string): boolean {
  return Array.isArray(state) && state.length < 3 && state[0] === store;
}

/** Where the element of an entry begins and ends: nowhere in time for a text. */
export function bordersOf(at: EntryPlace): Pick<Element, "start" | "end"> {
  if (typeof at === "string") return { start: 0, end: 0 };
  if (typeof at === "number") return { start: at, end: at };
  return { start: at[0], end: at[1] };
}

/** When an entry is over, by stream time, microseconds since the epoch; null: never. */
export function overUs(spec: StoreSpec, { end }: Pick<Element, "end">): number | null {
  return spec.kind === "key-value" ? null : end + spec.retentionUs;
}

/**
 * A number for a new element, which no other one has that begins then: a function of those that are there, as whoever
 * takes the same events again must give the same.
 */
export function nextSeq(elements: readonly Element[], { start }: Pick<Element, "start">): number {
  // Of those that begin and end then the last one has the greatest; few others begin then.
  const behind = placeOf(elements, { start, end: start, seq: Infinity });
  let seq = 0;
  for (let at = Math.max(0, behind - 1); at < elements.length && elements[at].start <= start; at++) {
    if (elements[at].start === start) seq = Math.max(seq, elements[at].seq);
  }
  return seq + 1;
}

/** A copy that nobody changes, as it would be read back. @throws TypeError for what is no plain data */
export function kept(value: unknown): unknown {
  return frozen(decodeWire(encodeWire(value)));
}

function frozen(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
