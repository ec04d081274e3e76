import type { HeldBack, LookedEvent } from "../../processor/stateful/sought_event.ts";
import type { DropReason, StatefulOperator } from "../../processor/stateful/stateful.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";

/** An event by the record of its source that it was made of, and which of those that were made of it. */
export interface SourceEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

/** An event that went into a stage, as its task is asked about it: what its value is, a digest tells. */
export interface StageEventQuestion extends SourceEvent {
  readonly input: number;
  /** The columns that the stage keeps it by; null: it has none. */
  readonly columns: Row | null;
  /** Microseconds since the epoch. */
  readonly timestampUs: number;
  readonly digest: number;
}

/** What was decided of an event when a stage's operator was given it. */
export type StageDecision =
  | DroppedEvent
  | { readonly kind: "taken" }
  /** It was given before the task began here, or so many were dropped since that this one is not known any more. */
  | { readonly kind: "not kept" }
  /** It has not come. */
  | { readonly kind: "not given" };

/** It changed nothing. */
export interface DroppedEvent {
  readonly kind: "dropped";
  /** `refused`: its operator failed at it, so it is a dead letter. */
  readonly reason: DropReason | "refused";
  /** Of one that was late: the time because of which it was. Microseconds since the epoch. */
  readonly atUs: number | null;
}

/** What a stage's task tells of one event. */
export interface StageLook {
  readonly decision: StageDecision;
  /** What is kept tells; null: nothing does. */
  readonly looked: LookedEvent | null;
}

/** What a stage's task can be asked. */
export interface StageView {
  /** What is kept of the records taken. */
  readonly elements: StatefulOperator["elements"];
  /** How many events, or changes, wait for their time in the stage's operator. */
  readonly waiting: number;
  /** What is known of an event; null while it may wait for those of other sources. Changes nothing. */
  look(event: StageEventQuestion): StageLook | null;
  /** What is not told yet of the row that results have under a key; null: nothing. Changes nothing. */
  heldBack(key: Key, of: { readonly windowed: boolean }): HeldBack | null;
}
