import type { WindowSpec } from "../../dsl/windows.ts";
import type { Element } from "../../state/keyed_elements.ts";
import type { TotalsState } from "./stream_totals.ts";
import { heldAt, type Step, type WindowKindOf } from "./window_kind.ts";

/**
 * Sessions: events with no gap of more than `gapUs` between them; both ends are times of events. One is closed when an
 * event that could prolong it would be late: it is never made longer, or one with another, any more.
 */
export const sessionWindows: WindowKindOf<Extract<WindowSpec, { kind: "session" }>> = ({ gapUs, graceUs }, totals) => {
  // An event at the end + gap still belongs to it.
  const closesAt = ({ end }: { readonly end: number }) => end + gapUs + graceUs + 1;
  return {
    closesAt,
    holding: heldAt,
    takesUntil: (timestampUs) => closesAt({ end: timestampUs }),
    steps(held, event) {
      const { timestampUs, streamTimeUs } = event;
      const near = held.filter((session) =>
        session.end >= timestampUs - gapUs && session.start <= timestampUs + gapUs && closesAt(session) > streamTimeUs
      );
      const start = Math.min(timestampUs, ...near.map((session) => session.start));
      const end = Math.max(timestampUs, ...near.map((session) => session.end));
      if (closesAt({ end }) <= streamTimeUs) return "late";
      const merged = near.reduce<TotalsState | null>((state, session) => {
        const other = session.state as TotalsState;
        return state === null ? other : totals.merge(state, other);
      }, null);
      const state = totals.add(merged, event);
      // Events of one time are a session that neither begins nor ends elsewhere: it is replaced, and was not gone.
      const same = start === end ? near[0] ?? null : null;
      const gone = same === null ? near.map(goneOf) : [];
      return [...gone, { start, end, seq: 0, before: same, state, timestampUs: end }];
    },
  };
};

function goneOf(session: Element): Step {
  const { start, end, timestampUs } = session;
  return { start, end, seq: 0, before: session, state: null, timestampUs };
}
