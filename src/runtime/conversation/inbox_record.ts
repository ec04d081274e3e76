import type { SharePart } from "../../processor/aggregate.ts";
import type { Row } from "../../record/row.ts";
import { decodeWire } from "../../record/wire.ts";
import { decodeBlock, decodeConfirmed } from "./block_message.ts";
import { keyFrom } from "./message_key.ts";
import type { Message } from "./messages.ts";
import { rowOfValues } from "./positional_rows.ts";

/** A record of an inbox: a task's own HELLO, or a pack of messages. */
export type InboxRecord =
  | { readonly kind: "hello"; readonly from: string }
  | {
    readonly kind: "pack";
    readonly from: string;
    readonly epoch: number;
    readonly seq: number;
    readonly messages: readonly Message[];
  };

/** The record that begins a task's life; its offset becomes the epoch. */
export function encodeHello(task: string): string {
  return `{"hello":${JSON.stringify(task)}}`;
}

/** Wraps encoded messages, joined by commas, into one record. */
export function encodePack(pack: { from: string; epoch: number; seq: number; messages: string }): string {
  return `{"from":${JSON.stringify(pack.from)},"epoch":${pack.epoch},"seq":${pack.seq},"messages":[${pack.messages}]}`;
}

type Encoded = readonly [string, ...unknown[]];

/**
 * Reads a record of an inbox.
 * @throws SyntaxError for anything that was not written by {@link encodePack} or {@link encodeHello}
 */
export function decodeInbox(text: string): InboxRecord {
  const record = decodeWire(text) as {
    hello?: string;
    from: string;
    epoch: number;
    seq: number;
    messages: readonly Encoded[];
  };
  if (typeof record.hello === "string") return { kind: "hello", from: record.hello };
  if (typeof record.from !== "string" || typeof record.epoch !== "number" || typeof record.seq !== "number") {
    throw new SyntaxError(
      "Cannot read an inbox record: it has no sender, epoch and seq. Nothing but Weir may write to inbox topics",
    );
  }
  return {
    kind: "pack",
    from: record.from,
    epoch: record.epoch,
    seq: record.seq,
    messages: decodeMessages(record.messages),
  };
}

/** What is said of a value that the home holds. */
const HELD = { R: "resubscribe", N: "unchanged" } as const;

function decodeMessages(encoded: readonly Encoded[]): Message[] {
  const messages: Message[] = [];
  for (const [type, name, third, fourth] of encoded as readonly [string, string, unknown, unknown][]) {
    const items = third as readonly unknown[];
    switch (type) {
      case "S":
        for (const key of items) messages.push({ type: "subscribe", join: name, key: keyFrom(key) });
        break;
      case "U":
        for (const key of items) messages.push({ type: "unsubscribe", join: name, key: keyFrom(key) });
        break;
      case "R":
      case "N":
        for (let index = 0; index < items.length; index += 2) {
          const held = items[index + 1] as number;
          messages.push({ type: HELD[type], join: name, key: keyFrom(items[index]), held });
        }
        break;
      case "B":
        messages.push(decodeBlock(name, items));
        break;
      case "K":
        messages.push(decodeConfirmed(name, items));
        break;
      case "V":
        pushValues(messages, { join: name, items, rowOf: (row) => row as Row | null });
        break;
      case "W":
        pushValues(messages, { join: name, items: fourth as readonly unknown[], rowOf: rowOfValues(third) });
        break;
      case "P":
        for (let index = 0; index < items.length; index += 2) {
          const share = items[index + 1] as [Row, SharePart[]] | null;
          messages.push({
            type: "share",
            aggregate: name,
            key: keyFrom(items[index]),
            share: share === null ? null : { columns: share[0], parts: share[1] },
          });
        }
        break;
      case "D":
        messages.push(...valueChanges(name, items));
        break;
      case "H":
      case "A":
        messages.push({ type: type === "H" ? "hello" : "awake" });
        break;
      case "O":
        messages.push({ type: "own", number: third as number });
        break;
      case "C":
        messages.push({ type: "collect", aggregate: name });
        break;
      case "E":
        messages.push({ type: "end", aggregate: name, to: third as number, since: fourth as number });
        break;
      default:
        throw new SyntaxError(
          `Cannot read an inbox message of type "${type}": it was written by another version of Weir`,
        );
    }
  }
  return messages;
}

/** `items`: key, value, key, value, ... */
function pushValues(messages: Message[], { join, items, rowOf }: {
  readonly join: string;
  readonly items: readonly unknown[];
  readonly rowOf: (value: unknown) => Row | null;
}): void {
  for (let index = 0; index < items.length; index += 2) {
    messages.push({ type: "value", join, key: keyFrom(items[index]), value: rowOf(items[index + 1]) });
  }
}

function valueChanges(aggregate: string, items: readonly unknown[]): Message[] {
  const changes: Message[] = [];
  for (let index = 0; index < items.length; index += 4) {
    const [key, column, value, held] = items.slice(index, index + 4) as [unknown, number, string, number];
    changes.push({ type: "distinct", aggregate, key: keyFrom(key), column, value, held: held === 1 });
  }
  return changes;
}
