import type { StatefulNode, TableResultNode } from "../../dsl/stream_nodes.ts";
import type { Row } from "../../record/row.ts";
import type { Element } from "../../state/keyed_elements.ts";
import { resultRows } from "./stream_aggregate.ts";

/** Column of a result that tells where its window begins: part of its key. */
export const WINDOW_START = "window_start";
/** Column of a result that tells where its window ends. */
export const WINDOW_END = "window_end";

/** What a changelog has of an element. */
export interface KeptElement extends Pick<Element, "start" | "seq"> {
  readonly columns: Row;
  /** Null: it is no result any more. */
  readonly element: Pick<Element, "end" | "timestampUs" | "state" | "shown"> | null;
  /** The stream time of its last change, if it goes by that. */
  readonly ageUs?: number;
}

/**
 * A result of an aggregate, or what was told of it: the columns of its key, and its row; null where there is none (any
 * more).
 */
export interface Result {
  readonly key: Row;
  readonly row: Row | null;
}

/** Whether an element is a result, which readers of the changelog show for ever, or what results are made of. */
export function isResult({ op }: StatefulNode, { seq }: Pick<Element, "seq">): boolean {
  return (op === "streamAggregate" || op === "suppress") && seq === 0;
}

/** An age of what never goes: an earlier version has written that it is gone, and not when. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** What the horizon is compared with: by when a session changed last, or where another window begins. */
export function ageOf(
  node: StatefulNode,
  { start, element, ageUs }: Pick<KeptElement, "start" | "ageUs"> & {
    readonly element: Pick<Element, "end"> | null;
  },
): number {
  if (node.op !== "streamAggregate" || node.window?.kind !== "session") return start;
  // An earlier version has written no age. It is not less than the end, which is the time of an event.
  return ageUs ?? element?.end ?? NEVER;
}

/** From what is kept to the result. Null for what is no result ever, but what results are made of. */
export function resultOf(node: TableResultNode): (kept: KeptElement) => Result | null {
  // What was told of another table's row is that row.
  const rowOf = node.op === "suppress"
    ? (_: Row, { state }: Pick<Element, "state">) => (state as readonly [Row])[0]
    : resultRows(node);
  const { window } = node.op === "suppress" ? node.of : node;
  return ({ columns, start, seq, element }) => {
    if (seq > 0) return null;
    const key = window === null ? columns : { ...columns, [WINDOW_START]: start };
    return { key, row: element?.shown === true ? rowOf(columns, { ...element, start, seq }) : null };
  };
}
