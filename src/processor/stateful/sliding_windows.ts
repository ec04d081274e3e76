import type { WindowSpec } from "../../dsl/windows.ts";
import type { Element } from "../../state/keyed_elements.ts";
import type { StreamTotals, TotalsState } from "./stream_totals.ts";
import { newest } from "./whole_window.ts";
import type { Step, WindowKindOf } from "./window_kind.ts";

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
    steps(held, event) {
      const { timestampUs: time, streamTimeUs, input, value } = event;
      if (!isOpen(time, streamTimeUs)) return "late";
      const kept = held.filter(({ seq }) => seq > 0);
      const seq = 1 + Math.max(0, ...kept.map((element) => element.seq));
      const state: KeptEvent = [input, value];
      const own: Element = { start: time, end: time, seq, timestampUs: time, state, shown: false };
      const windows = held.filter((element) => element.seq === 0 && element.start <= time && element.end >= time);
      const starts = new Set([
        ...windows.map(({ start }) => start),
        ...kept.filter(({ start }) => start < time && start + 1 + sizeUs >= time).map(({ start }) => start + 1),
        time - sizeUs,
        ...kept.some(({ start }) => start > time && start <= time + 1 + sizeUs) ? [time + 1] : [],
      ]);
      const changes = [...starts].filter((start) => isOpen(start, streamTimeUs)).sort((a, b) => b - a)
        .map((start) => {
          const end = start + sizeUs;
          const before = held.find((element) => element.seq === 0 && element.start === start) ?? null;
          if (before === null) return begun({ start, end }, { totals, events: [...kept, own] });
          // The window behind the event is there already, and has not the event.
          if (start > time) return null;
          const after = totals.add(before.state as TotalsState, event);
          return { start, end, seq: 0, before, state: after, timestampUs: newest(before, event) };
        })
        .filter((step) => step !== null);
      return [{ ...own, before: null }, ...changes];
    },
  };
};

/** A window that was not there, with the events that are in it. */
function begun(
  { start, end }: { readonly start: number; readonly end: number },
  { totals, events }: { readonly totals: StreamTotals; readonly events: readonly Element[] },
): Step {
  const within = events.filter((event) => event.start >= start && event.start <= end).sort((a, b) => a.seq - b.seq);
  const state = within.reduce<TotalsState | null>((folded, event) => {
    const [input, value] = event.state as KeptEvent;
    return totals.add(folded, { input, value });
  }, null);
  return { start, end, seq: 0, before: null, state, timestampUs: Math.max(...within.map((event) => event.start)) };
}
