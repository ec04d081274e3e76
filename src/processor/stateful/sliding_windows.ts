import type { WindowSpec } from "../../dsl/windows.ts";
import type { Element } from "../../state/keyed_elements.ts";
import type { StreamTotals, TotalsState } from "./stream_totals.ts";
import { newest } from "./whole_window.ts";
import { heldAt, type Step, type WindowKindOf } from "./window_kind.ts";

/** What is kept of an event: an element whose state this is, and whose seq is its place among those that came. */
type KeptEvent = readonly [input: number, value: unknown];

/**
 * Sliding windows: `[t - size, t]` of each event's time t, and `[t + 1, t + 1 + size]` if an event is in there. One is
 * closed when stream time is beyond its end + grace.
 *
 * Law: a window that is not closed has all events that are in it and were not late, in the order in which they came.
 * For that the events themselves are kept as long as a window with them may begin. (Kafka Streams keeps windows alone:
 * there a window that begins later lacks an event that came too late for the window that ends with it.)
 */
export const slidingWindows: WindowKindOf<Extract<WindowSpec, { kind: "sliding" }>> = ({ sizeUs, graceUs }, totals) => {
  const closesAt = ({ end, seq }: { readonly end: number; readonly seq: number }) =>
    end + graceUs + 1 + (seq === 0 ? 0 : sizeUs + 1);
  const isOpen = (start: number, streamTimeUs: number) => closesAt({ end: start + sizeUs, seq: 0 }) > streamTimeUs;
  return {
    closesAt,
    holding: heldAt,
    takesUntil: (timestampUs) => closesAt({ end: timestampUs + sizeUs, seq: 0 }),
    steps(held, event) {
      const { timestampUs: time, streamTimeUs, input, value } = event;
      if (!isOpen(time, streamTimeUs)) return "late";
      const kept = held.filter(({ seq }) => seq > 0);
      const seq = 1 + Math.max(0, ...kept.map((element) => element.seq));
      const state: KeptEvent = [input, value];
      const own: Element = { start: time, end: time, seq, timestampUs: time, state, shown: false };
      const change = (start: number): Step | null => {
        const end = start + sizeUs;
        const before = held.find((element) => element.seq === 0 && element.start === start) ?? null;
        if (before === null) return begun({ start, end }, { totals, events: [...kept, own] });
        // The window behind the event is there already, and has not the event.
        if (start > time) return null;
        const after = totals.add(before.state as TotalsState, event);
        return { start, end, seq: 0, before, state: after, timestampUs: newest(before, event) };
      };
      const changes = startsOf(held, { time, sizeUs }).filter((start) => isOpen(start, streamTimeUs)).map(change)
        .filter((step) => step !== null);
      // What cannot be added must not be kept for windows that begin later.
      if (changes.every(({ start }) => start > time)) totals.add(null, event);
      return [{ ...own, before: null }, ...changes];
    },
  };
};

/**
 * Where the windows begin that an event may change, each once, in Kafka Streams' order: those that are there, the
 * newest first; those behind earlier events; the one that ends with it; the one behind it.
 */
function startsOf(
  held: readonly Element[],
  { time, sizeUs }: { readonly time: number; readonly sizeUs: number },
): number[] {
  const events = held.filter(({ seq }) => seq > 0).map(({ start }) => start);
  const there = held.filter(({ seq, start, end }) => seq === 0 && start <= time && end >= time);
  return [
    ...new Set([
      ...there.map(({ start }) => start).sort((a, b) => b - a),
      ...events.filter((other) => other < time && other + 1 + sizeUs >= time).map((other) => other + 1)
        .sort((a, b) => b - a),
      // Those that end with later events are there, but for folded ones that are gone.
      ...events.filter((other) => other > time && other - sizeUs <= time).map((other) => other - sizeUs)
        .sort((a, b) => b - a),
      time - sizeUs,
      ...events.some((other) => other > time && other <= time + 1 + sizeUs) ? [time + 1] : [],
    ]),
  ];
}

/** A window that was not there, with the events that are in it. */
function begun(
  { start, end }: { readonly start: number; readonly end: number },
  { totals, events }: { readonly totals: StreamTotals; readonly events: readonly Element[] },
): Step | null {
  const within = events.filter((event) => event.start >= start && event.start <= end).sort((a, b) => a.seq - b.seq);
  const state = within.reduce<TotalsState | null>((folded, event) => {
    const [input, value] = event.state as KeptEvent;
    return totals.add(folded, { input, value });
  }, null);
  if (state === null) return null;
  return { start, end, seq: 0, before: null, state, timestampUs: Math.max(...within.map((event) => event.start)) };
}
