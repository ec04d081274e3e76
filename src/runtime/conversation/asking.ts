import type { Key } from "../../record/key.ts";
import { type Row, UNKNOWN, type Value } from "../../record/row.ts";
import { encodeWire } from "../../record/wire.ts";
import type { Message } from "./messages.ts";
import { digestOfWire } from "./server.ts";

/** Asks for a right row. What is held already need not be sent again. */
export function askingFor({ join, key }: { readonly join: string; readonly key: Key }, held: Value): Message {
  if (held === UNKNOWN) return { type: "subscribe", join, key };
  return { type: "resubscribe", join, key, held: heldDigest(held) };
}

/** What a home says of a value that it holds. */
export function heldDigest(held: Row | null): number {
  return digestOfWire(encodeWire(held));
}
