import type { Element } from "../../state/keyed_elements.ts";
import type { StreamTotals } from "./stream_totals.ts";

/** An event as it changes totals. */
export interface TakenEvent {
  readonly input: number;
  readonly value: unknown;
  /** Microseconds since the epoch. */
  readonly timestampUs: number;
  /** The greatest time of all events of the partition up to this one. */
  readonly streamTimeUs: number;
}

/** One element that an event makes, replaces or ends. */
export interface Step {
  readonly start: number;
  readonly end: number;
  /** 0: a result. */
  readonly seq: number;
  /** What was there; null: nothing. */
  readonly before: Element | null;
  /** What is there now; null: nothing. */
  readonly state: unknown;
  readonly timestampUs: number;
}

/** How the events of a key are divided by their times. */
export interface WindowKind {
  /**
   * What an event changes, in the order in which it is told; `late`, `early`: it is in no window that takes events.
   * @throws what callbacks throw
   */
  steps(held: readonly Element[], event: TakenEvent): Step[] | "late" | "early";
  /** The stream time from which on no event changes a result, or needs what is none; null: there is no such time. */
  closesAt(element: Pick<Element, "start" | "end" | "seq">): number | null;
  /** Windows that a time is in: those that it determines alone, or those that are held. */
  holding(held: readonly Element[], timestampUs: number): readonly Pick<Element, "start" | "end">[];
  /**
   * The stream time before which an event of a time is taken for certain, whatever is held; null: it always is;
   * `early`: it never is.
   */
  takesUntil(timestampUs: number): number | null | "early";
}

/** Results that are held and have a time between their ends, both included. */
export function heldAt(held: readonly Element[], timestampUs: number): readonly Element[] {
  return held.filter(({ seq, start, end }) => seq === 0 && start <= timestampUs && timestampUs <= end);
}

/** What a kind of windows is made of. */
export type WindowKindOf<Spec> = (spec: Spec, totals: StreamTotals) => WindowKind;
