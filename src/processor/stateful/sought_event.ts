import { digestOf } from "../../record/digest.ts";
import type { Key } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";
import { encodeWire } from "../../record/wire.ts";

/** An event as it is looked for among what an operator keeps, which has no places of records. */
export interface SoughtEvent {
  readonly key: Key;
  /** Microseconds since the epoch. */
  readonly timestampUs: number;
  /** As {@link valueDigest} gives it. */
  readonly digest: number;
}

/** What tells values apart without telling them. */
export function valueDigest(value: unknown): number {
  return digestOf(encodeWire(value));
}

/** What an operator keeps tells of one event that it has taken. Times: microseconds since the epoch. */
export type LookedEvent = LookedJoin | LookedWindows | LookedTableJoin | LookedCalls;

/** A join of two streams. */
export interface LookedJoin {
  readonly kind: "streamJoin";
  /**
   * `waiting`: it is to be told without a partner; `settled`: it is kept, and waits for nothing; `unlike`: several like
   * it are kept, and not all wait; `gone`: its time in the join is over; `missing`: it should be there, and is not.
   */
  readonly kept: "waiting" | "settled" | "unlike" | "gone" | "missing";
  /** With which of those that are kept it was joined for certain. */
  readonly partners: readonly LookedPartner[];
  /** Those are all that it has had: none that it may have had is gone. */
  readonly isWhole: boolean;
  /** Whether the join tells events of its side that have no partner. */
  readonly isPreserved: boolean;
  /** Times of partners, both included. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** Without a partner by then it is told without one, by the newest time of both sides. */
  readonly waitsUntilUs: number;
  readonly streamTimeUs: number | null;
  /** By its own side's newest time: from then on it finds no partner any more. */
  readonly keptUntilUs: number;
  readonly ownTimeUs: number | null;
}

/** A partner by what tells it apart. */
export interface LookedPartner {
  readonly timestampUs: number;
  readonly digest: number;
}

/** An aggregate. */
export interface LookedWindows {
  readonly kind: "streamAggregate";
  readonly streamTimeUs: number | null;
  /** It was taken for certain while stream time is before that; null: whatever the time is. */
  readonly takenUntilUs: number | null;
  /** It is of a time before all windows. */
  readonly isEarly: boolean;
  /** Those of its time, as far as they are known; none without windows. */
  readonly windows: readonly LookedWindow[];
  /** Rows of windows are told when these close. */
  readonly isToldOnClose: boolean;
}

/** A window that the event's time is in. */
export interface LookedWindow {
  readonly start: number;
  readonly end: number;
  /** The stream time from which on it takes no event. */
  readonly closesAtUs: number;
}

/** A join with a table. */
export interface LookedTableJoin {
  readonly kind: "tableJoin";
  /** It waits until the stream's own time is there; null: it does not. */
  readonly waitsUntilUs: number | null;
  readonly streamTimeUs: number | null;
  /** What the table has for it now; null: no row, or it is not shown. */
  readonly row: Row | null;
  readonly isMatched: boolean;
  /** Whether rows are those of the event's time, and not those of the moment. */
  readonly isOfItsTime: boolean;
}

/** A processor. */
export interface LookedCalls {
  readonly kind: "process";
  /** Entries that the stores of its key have. */
  readonly entries: number;
  /** The next call that is scheduled, by stream time and by the wall clock; null: none is. */
  readonly nextUs: number | null;
  readonly nextWallUs: number | null;
  readonly streamTimeUs: number | null;
}

/** A row of a result that is not told yet. */
export interface HeldBack {
  /** It is told when stream time is there. Microseconds since the epoch. */
  readonly untilUs: number;
  readonly streamTimeUs: number | null;
  /** What is to be told is that there is no row. */
  readonly isGone: boolean;
}

/** A time that is none before anything came. */
export function timeOrNull(us: number): number | null {
  return us === -Infinity ? null : us;
}
