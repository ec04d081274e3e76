import { encodeWire } from "../../record/wire.ts";
import type { TotalProof } from "./explanation.ts";
import { unreadable, valuesIn } from "./page_end.ts";
import type { FeedPlace } from "./total_scan.ts";

/** Where the next page of a total's events begins, and what the first one has found. */
export interface TotalCursor {
  /** Topic and partition. */
  readonly feed: string;
  readonly place: FeedPlace;
  /** Null: not everything was looked through. */
  readonly total: number | null;
  readonly proof: TotalProof;
  /** Feeds whose events may have come too late; null: that is not known of any. */
  readonly unsure: readonly string[] | null;
}

/** As text, for `after`. */
export function writeCursor({ feed, place: { offset, index, clocks }, total, proof, unsure }: TotalCursor): string {
  return encodeWire([feed, offset, index, clocks, total, proof, unsure]);
}

const PROOFS: readonly string[] = ["equal", "differs", "not compared"] satisfies TotalProof[];

/** @throws SyntaxError for what no page has said */
export function readCursor(after: string): TotalCursor {
  const values = valuesIn(after);
  const [feed, offset, index, clocks, total, proof, unsure] = values;
  const isCursor = values.length === 7 && typeof feed === "string" && Number.isSafeInteger(offset) &&
    Number.isSafeInteger(index) && Array.isArray(clocks) && clocks.every(isNumberOrNull) && isNumberOrNull(total) &&
    PROOFS.includes(proof as string) && (unsure === null || Array.isArray(unsure));
  if (!isCursor) throw unreadable(after);
  return {
    feed: feed as string,
    place: { offset: offset as number, index: index as number, clocks: clocks as (number | null)[] },
    ...{ total: total as number | null, proof: proof as TotalProof, unsure: unsure as string[] | null },
  };
}

function isNumberOrNull(value: unknown): boolean {
  return value === null || typeof value === "number";
}
