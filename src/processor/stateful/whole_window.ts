import type { TotalsState } from "./stream_totals.ts";
import type { WindowKindOf } from "./window_kind.ts";

/** The end of what has none: the greatest integer that a number holds, in the year 2255. */
export const NO_END = Number.MAX_SAFE_INTEGER;

/** All events from a time on. Nothing ever closes. */
export const wholeWindow: WindowKindOf<{ readonly startUs: number; readonly borders: readonly [number, number] }> = (
  { startUs, borders: [start, end] },
  totals,
) => ({
  steps([before = null], event) {
    if (event.timestampUs < startUs) return "early";
    const state = totals.add(before === null ? null : before.state as TotalsState, event);
    return [{ start, end, seq: 0, before, state, timestampUs: newest(before, event) }];
  },
  closesAt: () => null,
  holding: () => [{ start, end }],
  takesUntil: (timestampUs) => timestampUs < startUs ? "early" : null,
});

/** When the newest event of a result is, with one more. */
export function newest(
  before: { readonly timestampUs: number } | null,
  { timestampUs }: { readonly timestampUs: number },
): number {
  return before === null ? timestampUs : Math.max(before.timestampUs, timestampUs);
}
