import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import type { Element, KeyedElements } from "../../state/keyed_elements.ts";
import type { HeldBack, LookedEvent, SoughtEvent } from "./sought_event.ts";

export type { ElementChange } from "../../state/keyed_elements.ts";

/** An event as a stateful operator takes it. */
export interface KeyedEvent {
  readonly key: Key;
  /** The columns of the key. */
  readonly columns: Row;
  readonly value: unknown;
  /** Microseconds since the epoch. */
  readonly timestampUs: number;
}

/** Where a stateful operator's results go. */
export interface StatefulPorts {
  /**
   * A result as an event; its key is the columns of the event's, or what else the operator gives, and null if it is
   * made of an event without one.
   */
  readonly forward: (
    result: { readonly key: unknown; readonly value: unknown; readonly timestampUs: number },
  ) => void;
  /**
   * An event changes nothing, since it comes too late, is of a time before all windows, has no value or no key, or has
   * come before. `atUs`: of one that is late, the time because of which it is. Microseconds since the epoch.
   */
  readonly onDropped: (reason: DropReason, atUs?: number) => void;
  /** A join has found a partner of an event, or tells an event that has none, or no key to look for one. */
  readonly onPartner?: (found: "joined" | "withoutPartner" | "nullKeys") => void;
  /** A callback that time has called for, and no event of the key, threw: nothing of the call counts. */
  readonly onFailed?: (key: Row, cause: unknown) => void;
  /**
   * When the record was written with which the event is given, by the clock of who wrote it. Microseconds since the
   * epoch. Absent: nobody knows.
   */
  readonly writtenUs?: () => number;
}

/** Why an event changes nothing. */
export type DropReason = "late" | "early" | "no value" | "no key" | "repeat";

/** Name of the limit of what waits. */
export const WAITING_MAX = "waitingMax";

/** An event whose selector gave no columns to key it by. */
export type KeylessEvent = Omit<KeyedEvent, "key" | "columns">;

/**
 * A stateful operator of a stream: one synchronous machine for each partition.
 *
 * Law: what it keeps and what it forwards is a function of the events that it was given, in their order. So whoever has
 * what it kept at one position, and gives it what followed, has what it keeps and forwards behind that.
 */
export interface StatefulOperator {
  readonly elements: KeyedElements;
  /** True if it has no elements: then its position is all that is durable of it. */
  readonly keepsNothing?: boolean;
  /**
   * Takes the next event of an input.
   * @throws what a callback throws, or TypeError: then nothing of the event counts but its time
   * @throws LimitError of the limit {@link WAITING_MAX}: the task must not go on without the event
   */
  take(input: number, event: KeyedEvent): void;
  /**
   * An event that is in the elements of its key already, as these were read back: its time passes, and that is all. As
   * is an event without a value that only says what time it is.
   */
  pass(input: number, event: KeyedEvent): void;
  /**
   * Takes an event without a key. It changes nothing that is kept, and its time does not count. Without this method
   * such events are left out before they come here.
   * @throws as {@link take}
   */
  takeKeyless?(input: number, event: KeylessEvent): void;
  /** What it knows beside its elements: a wire value. */
  save(): unknown;
  /** What {@link save} gave; the elements are loaded behind it. */
  load(saved: unknown): void;
  /** When an element that was read back is due; null: never. `drop`: nothing depends on it any more. */
  dueOf(element: Element): number | null | "drop";
  /**
   * Elements on which also events of other keys depend: they are read back as they were at the position of the whole
   * task, and {@link pass} goes on with them, even where the rest of their key is further. Absent: there are none.
   */
  isNeededAtHead?(element: Pick<Element, "seq">): boolean;
  /**
   * Present where each element is of one time, is no result, ends by time alone, about as long after its time as all
   * others, and leaves no trace then. Then one record of the changelog holds many of them.
   */
  readonly ending?: Ending;
  /**
   * Present where a result goes by when it changed last: what it knows of time, which is told with each change.
   * Microseconds since the epoch.
   */
  readonly changesAtUs?: number;
  /** The elements of no key are ahead any more of those of others, as they may have been read back. */
  caughtUp?(): void;
  /** What is to happen when no event comes for a while; null: nothing. */
  readonly whenIdle?: WhenIdle | null;
  /** When something is due by the wall clock, microseconds since the epoch; null or absent: nothing is. */
  readonly wallDueUs?: number | null;
  /** The wall clock has come to this time, as a record among the events says. */
  wallClock?(nowUs: number): void;
  /** What is kept tells of an event that was taken. Changes nothing. Absent: nothing does. */
  look?(input: number, event: SoughtEvent): LookedEvent | null;
  /**
   * What is held back of the result of a key and a window that begins then (0 without windows); null: nothing. Absent:
   * nothing ever is. Changes nothing.
   */
  heldBack?(key: Key, startUs: number): HeldBack | null;
  /** How many events or changes wait for their time. Absent: none ever does. */
  readonly waiting?: number;
}

/** When elements end that go by time alone. */
export interface Ending {
  /**
   * From when on, and by which of the clocks, an element that is read back is gone, whatever else is known of it.
   * Microseconds since the epoch.
   */
  goneFrom(element: Pick<Element, "start" | "seq">): { readonly clock: number; readonly atUs: number };
  /** What each clock says now; -Infinity: nothing yet. Microseconds since the epoch. */
  clocksUs(): readonly number[];
}

/** Time passes although no event comes. */
export interface WhenIdle {
  /** When no event has come for so long. Microseconds. */
  readonly afterUs: number;
  /** To this time, as if an event of it had come. Microseconds since the epoch. */
  readonly toUs: number;
}
