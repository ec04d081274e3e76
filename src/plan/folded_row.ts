import type { AnyRow } from "../dsl/logical.ts";
import type { StreamAggregateNode, TableResultNode } from "../dsl/stream_nodes.ts";

/** Column of a row read from a changelog: up to where its group's events are in it. The greatest one is the newest. */
export const FOLDED_TO = "~to";
/** Column of a row read from a changelog that is a result: true; null for what is none, or none any more. */
export const FOLDED_SHOWN = "~shown";

/**
 * Column of a row read from a changelog that goes by when it changed last: the stream time of then. Microseconds since
 * the epoch.
 */
export const FOLDED_AGE = "~age";

/**
 * Column of a row read from a changelog whose other columns do not tell which of them are the key: their names, as
 * JSON.
 */
export const FOLDED_KEY = "~key";

/** The aggregate that makes the rows, whatever of their changes waits. */
export function aggregateOf(node: TableResultNode): Pick<StreamAggregateNode, "sides" | "window"> {
  return node.op === "suppress" ? node.of : node;
}

/** Whether a row of the changelog is a result. */
export function isFoldedRow(row: AnyRow): boolean {
  return row[FOLDED_SHOWN] === true;
}

/** The result alone. */
export function foldedRow(
  { [FOLDED_TO]: _, [FOLDED_SHOWN]: __, [FOLDED_KEY]: ___, [FOLDED_AGE]: ____, ...row }: AnyRow,
): AnyRow {
  return row;
}
