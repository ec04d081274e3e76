import type { StreamAggregateNode } from "../../dsl/stream_nodes.ts";
import type { Row } from "../../record/row.ts";
import type { Element } from "../../state/keyed_elements.ts";
import { totalsOf } from "./stream_totals.ts";

/** Column of a result that tells where its window begins: part of the key. */
export const WINDOW_START = "window_start";
/** Column of a result that tells where its window ends. */
export const WINDOW_END = "window_end";

/** From an element of an aggregate to the columns of its result that are not part of its key. */
export function resultColumns(
  { sides, window }: StreamAggregateNode,
): (element: Pick<Element, "start" | "end" | "state">) => Row {
  const totals = totalsOf(sides[0].aggregates);
  if (window === null || window.kind === "unlimited") return ({ state }) => totals.result(state);
  return ({ end, state }) => ({ [WINDOW_END]: end, ...totals.result(state) });
}
