import type { WindowSpec } from "../dsl/windows.ts";
import type { Content, GroupedEvent, StreamFold } from "./stream_fold.ts";

/** An event, and the greatest time of all events of its partition up to it. */
export interface Timed {
  readonly event: GroupedEvent;
  readonly streamTimeUs: number;
}

/** The events of one group in one window. */
export interface Windowed {
  readonly start: number;
  readonly end: number;
  readonly content: Content;
  /** Stream time from which on it is closed. */
  readonly closesAtUs: number;
}

/** In the year 2255: the greatest integer that a number holds. */
const NO_END = Number.MAX_SAFE_INTEGER;

/** The events of a group that are not refused, and what is made of them. */
export interface Group {
  readonly events: readonly Timed[];
  readonly fold: StreamFold;
}

/** All windows of a group that have a result. @throws what callbacks throw */
export function windowsOf(window: WindowSpec | null, group: Group): Windowed[] {
  const { events, fold } = group;
  switch (window?.kind) {
    case undefined:
      return within({ start: 0, end: 0, closesAtUs: Infinity }, group);
    case "unlimited": {
      const later = events.filter(({ event }) => event.timestampUs >= window.startUs);
      return within({ start: window.startUs, end: NO_END, closesAtUs: Infinity }, { events: later, fold });
    }
    case "time":
      return timeStarts(window, events).flatMap((start) => {
        const end = start + window.sizeUs;
        const inside = events.filter(({ event }) => event.timestampUs >= start && event.timestampUs < end);
        return within({ start, end, closesAtUs: end + window.graceUs }, { events: inside, fold });
      });
    case "sliding":
      return sliding(window, group);
    case "session":
      return sessions(window, group);
  }
}

/** The events that came before a window was closed. */
function within(borders: Omit<Windowed, "content">, { events, fold }: Group): Windowed[] {
  let content: Content | null = null;
  for (const { event, streamTimeUs } of events) {
    if (streamTimeUs < borders.closesAtUs) content = fold.add(content, event);
  }
  return content === null ? [] : [{ ...borders, content }];
}

function timeStarts({ sizeUs, advanceUs }: Extract<WindowSpec, { kind: "time" }>, events: readonly Timed[]): number[] {
  const starts = events.flatMap(({ event: { timestampUs } }) => {
    const last = Math.floor(timestampUs / advanceUs);
    const most = Math.ceil(sizeUs / advanceUs);
    return Array.from({ length: most + 1 }, (_, back) => (last - back) * advanceUs);
  });
  return [...new Set(starts)];
}

/**
 * A window has what is in it of the events that came before it was closed; it is there if one of these is at its end,
 * or directly before its start.
 */
function sliding(
  { sizeUs, graceUs }: Extract<WindowSpec, { kind: "sliding" }>,
  { events, fold }: Group,
): Windowed[] {
  const starts = new Set(events.flatMap(({ event: { timestampUs } }) => [timestampUs - sizeUs, timestampUs + 1]));
  return [...starts].flatMap((start) => {
    const end = start + sizeUs;
    const closesAtUs = end + graceUs + 1;
    const known = events.filter(({ event, streamTimeUs }) =>
      // An event that is in no window that was not closed is late, also as the one before a window.
      streamTimeUs < closesAtUs && streamTimeUs <= event.timestampUs + sizeUs + graceUs
    );
    const isThere = known.some(({ event: { timestampUs } }) => timestampUs === end || timestampUs === start - 1);
    const inside = known.filter(({ event }) => event.timestampUs >= start && event.timestampUs <= end);
    return isThere ? within({ start, end, closesAtUs }, { events: inside, fold }) : [];
  });
}

/** The only windows that depend on each other: an event goes into all that are near and not closed. */
function sessions(
  { gapUs, graceUs }: Extract<WindowSpec, { kind: "session" }>,
  { events, fold }: Group,
): Windowed[] {
  let all: Windowed[] = [];
  for (const { event, streamTimeUs } of events) {
    const { timestampUs } = event;
    const near = all.filter(({ start, end, closesAtUs }) =>
      closesAtUs > streamTimeUs && timestampUs >= start - gapUs && timestampUs <= end + gapUs
    ).sort((a, b) => a.start - b.start);
    const borders = [timestampUs, ...near.flatMap(({ start, end }) => [start, end])];
    const [start, end] = [Math.min(...borders), Math.max(...borders)];
    const closesAtUs = end + gapUs + graceUs + 1;
    if (closesAtUs <= streamTimeUs) continue;
    const before = near.map(({ content }) => content).reduce<Content | null>(
      (merged, content) => merged === null ? content : fold.merge(merged, content),
      null,
    );
    const content = fold.add(before, event);
    all = all.filter((session) => !near.includes(session));
    if (content !== null) all.push({ start, end, content, closesAtUs });
  }
  return all;
}
