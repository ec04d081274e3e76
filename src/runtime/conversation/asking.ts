import type { Key } from "../../record/key.ts";
import { type Row, UNKNOWN, type Value } from "../../record/row.ts";
import { rowDigest } from "../../record/row_digest.ts";
import type { Message } from "./messages.ts";

/** Of a right row that is not there; no row has it. */
export const ABSENT_DIGEST = 0;

/** Asks for a right row. What is held already need not be sent again. */
export function askingFor({ join, key }: { readonly join: string; readonly key: Key }, held: Value): Message {
  if (held === UNKNOWN) return { type: "subscribe", join, key };
  return { type: "resubscribe", join, key, held: heldDigest(held) };
}

/** What a home says of a value that it holds. @throws TypeError for a value that no task can be sent */
export function heldDigest(held: Row | null): number {
  return held === null ? ABSENT_DIGEST : rowDigest(held);
}
