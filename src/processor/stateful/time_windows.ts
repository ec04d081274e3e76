import type { WindowSpec } from "../../dsl/windows.ts";
import type { TotalsState } from "./stream_totals.ts";
import { newest } from "./whole_window.ts";
import type { Step, WindowKindOf } from "./window_kind.ts";

/** Tumbling and hopping windows: `[n * advance, n * advance + size)`. One is closed when stream time is end + grace. */
export const timeWindows: WindowKindOf<Extract<WindowSpec, { kind: "time" }>> = (
  { sizeUs, advanceUs, graceUs },
  totals,
) => {
  const closesAt = ({ end }: { readonly end: number }) => end + graceUs;
  return {
    closesAt,
    holding(_, timestampUs) {
      const first = firstStart(timestampUs, { sizeUs, advanceUs });
      const count = Math.floor((timestampUs - first) / advanceUs) + 1;
      const starts = Array.from({ length: Math.max(0, count) }, (_, at) => first + at * advanceUs);
      return starts.map((start) => ({ start, end: start + sizeUs }));
    },
    takesUntil: (timestampUs) => closesAt({ end: Math.floor(timestampUs / advanceUs) * advanceUs + sizeUs }),
    steps(held, event) {
      const steps: Step[] = [];
      const { timestampUs, streamTimeUs } = event;
      for (let start = firstStart(timestampUs, { sizeUs, advanceUs }); start <= timestampUs; start += advanceUs) {
        const end = start + sizeUs;
        if (closesAt({ end }) <= streamTimeUs) continue;
        const before = held.find((element) => element.start === start) ?? null;
        const state = totals.add(before === null ? null : before.state as TotalsState, event);
        steps.push({ start, end, seq: 0, before, state, timestampUs: newest(before, event) });
      }
      return steps.length === 0 ? "late" : steps;
    },
  };
};

/** Where the first window begins that has not ended at a time. */
function firstStart(timeUs: number, { sizeUs, advanceUs }: { sizeUs: number; advanceUs: number }): number {
  return Math.floor((timeUs - sizeUs) / advanceUs) * advanceUs + advanceUs;
}
