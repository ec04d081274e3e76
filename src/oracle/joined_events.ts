import { keyOf, keyText } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { compareText } from "../record/text_order.ts";

/** An event of one of the two inputs of a join, in the order of the partition that has both. */
export interface JoinedEvent {
  readonly input: 0 | 1;
  /** The columns by which it is joined; null: it has no partner. */
  readonly key: Row | null;
  readonly value: unknown;
  /** Microseconds since the epoch. */
  readonly timestampUs: number;
}

/** What a join makes of its events. */
export interface JoinResult {
  readonly key: Row | null;
  readonly value: Row;
  readonly timestampUs: number;
}

/** One text for equal keys. */
export function joinKeyText(key: Row): string {
  return keyText(keyOf(Object.keys(key).sort().map((column) => key[column])));
}

/** The greatest time of the events up to each that satisfy the condition; -Infinity before the first. */
export function newestUntil(
  events: readonly JoinedEvent[],
  counts: (event: JoinedEvent) => boolean,
): readonly number[] {
  let newest = -Infinity;
  return events.map((event) => newest = counts(event) ? Math.max(newest, event.timestampUs) : newest);
}

/** By time, then by the text of the key, then by place. */
export function inTimeOrder(events: readonly JoinedEvent[]): (a: number, b: number) => number {
  return (a, b) => {
    const byKey = compareText(joinKeyText(events[a].key!), joinKeyText(events[b].key!));
    return events[a].timestampUs - events[b].timestampUs || byKey || a - b;
  };
}
