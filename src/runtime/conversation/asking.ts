import type { Key } from "../../record/key.ts";
import { UNKNOWN, type Value } from "../../record/row.ts";
import { encodeWire } from "../../record/wire.ts";
import type { Message } from "./messages.ts";
import { digestOfWire } from "./server.ts";

/** Asks for a right row. What is held already need not be sent again. */
export function askingFor({ join, key }: { readonly join: string; readonly key: Key }, held: Value): Message {
  if (held === UNKNOWN) return { type: "subscribe", join, key };
  return { type: "resubscribe", join, key, held: digestOfWire(encodeWire(held)) };
}
