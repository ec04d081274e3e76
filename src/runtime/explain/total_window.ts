import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { WindowSpec } from "../../dsl/windows.ts";
import { WINDOW_END, WINDOW_START } from "../../processor/stateful/result_of.ts";
import { windowKindOf } from "../../processor/stateful/stream_aggregate.ts";
import { NO_END } from "../../processor/stateful/whole_window.ts";
import { type Key, keyOfColumns, keyParts } from "../../record/key.ts";
import type { Row } from "../../record/row.ts";

/** An event by its group and its time, microseconds since the epoch. */
interface GroupedTime {
  readonly columns: Row;
  readonly timestampUs: number;
}

/** Which events belong to one total: those of its group whose times are in its window. */
export interface TotalWindow {
  /** Whether it is one of them, if it did not come too late. */
  holds(event: GroupedTime): boolean;
  /** As the machine has it; without a window both are 0. Microseconds since the epoch. */
  of(columns: Row): { readonly start: number; readonly end: number };
  /** The stream time from which on it takes no event for certain; null: it always takes them. */
  closesAt(columns: Row): number | null;
  /** The stream time before which it takes all of them for certain: of a session another one, since sessions grow. */
  takesUntil(columns: Row): number | null;
}

/** The window of a total by its key. `held`: its row, if there is one. Null: of a session only that tells the end. */
export function totalWindow(
  node: StreamAggregateNode,
  { key, held }: { readonly key: Key; readonly held: Row | null },
): TotalWindow | null {
  const { window } = node;
  if (window === null) {
    return {
      holds: ({ columns }) => keyOfColumns(columns) === key,
      of: () => ({ start: 0, end: 0 }),
      closesAt: () => null,
      takesUntil: () => null,
    };
  }
  const sessionEnd = held?.[WINDOW_END];
  if (window.kind === "session" && typeof sessionEnd !== "number") return null;
  const { closesAt, holding } = windowKindOf(node);
  // Whoever asks may name a time at which no window begins: then nothing is in it.
  const begins = (start: number) => window.kind !== "time" || holding([], start).some((one) => one.start === start);
  const of = (columns: Row) => {
    const start = startIn(key, columns);
    return { start, end: endOf(window, { start, sessionEnd: Number(sessionEnd) }) };
  };
  const closing = (times: { readonly start: number; readonly end: number }) => closesAt({ ...times, seq: 0 });
  return {
    of,
    holds({ columns, timestampUs }) {
      const { start, end } = of(columns);
      const isWithin = timestampUs >= start && (window.kind === "time" ? timestampUs < end : timestampUs <= end);
      return isWithin && begins(start) && keyOfColumns({ ...columns, [WINDOW_START]: start }) === key;
    },
    closesAt: (columns) => closing(of(columns)),
    takesUntil(columns) {
      const { start, end } = of(columns);
      return closing({ start, end: window.kind === "session" ? start : end });
    },
  };
}

/** The part of the key that is the window's begin, if it is a key of these columns: parts are sorted by their names. */
function startIn(key: Key, columns: Row): number {
  const names = [...Object.keys(columns), WINDOW_START].sort();
  return Number(keyParts(key)[names.indexOf(WINDOW_START)]);
}

function endOf(
  window: WindowSpec,
  { start, sessionEnd }: { readonly start: number; readonly sessionEnd: number },
): number {
  switch (window.kind) {
    case "time":
    case "sliding":
      return start + window.sizeUs;
    case "session":
      return sessionEnd;
    case "unlimited":
      return NO_END;
  }
}
