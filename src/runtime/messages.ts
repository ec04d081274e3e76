import { type Key, parseKeyText } from "../record/key.ts";
import { decodeWire, encodeWire } from "../record/wire.ts";
import type { Row } from "../record/row.ts";
import type { Partial } from "../processor/aggregate.ts";

/**
 * What tasks tell each other. All messages of one flush to one inbox partition travel packed in one record with one (epoch, seq).
 *
 * - subscribe / unsubscribe: a home wants, or no longer wants, the right row of a join;
 * - value: the right row now (null: absent);
 * - hello: a task started, and knows nothing of what was asked of it or sent to it before;
 * - collect: a merge task wants all partials of an aggregate;
 * - partial: a home's share of a group (null: it has no row of it any more);
 * - end: all partials with a greater seq than `since` were sent to the merge task of epoch `to`.
 */
export type Message =
  | { readonly type: "subscribe" | "unsubscribe"; readonly join: string; readonly key: Key }
  | { readonly type: "value"; readonly join: string; readonly key: Key; readonly value: Row | null }
  | { readonly type: "hello" }
  | { readonly type: "collect"; readonly aggregate: string }
  | {
    readonly type: "partial";
    readonly aggregate: string;
    readonly key: Key;
    readonly share: { readonly columns: Row; readonly partials: readonly Partial[] } | null;
  }
  | { readonly type: "end"; readonly aggregate: string; readonly to: number; readonly since: number };

/** The JSON text of one message. */
export function encodeMessage(message: Message): string {
  switch (message.type) {
    case "subscribe":
      return `["S",${JSON.stringify(message.join)},${keyJson(message.key)}]`;
    case "unsubscribe":
      return `["U",${JSON.stringify(message.join)},${keyJson(message.key)}]`;
    case "value":
      return `["V",${JSON.stringify(message.join)},${keyJson(message.key)},${encodeWire(message.value)}]`;
    case "hello":
      return `["H"]`;
    case "collect":
      return `["C",${JSON.stringify(message.aggregate)}]`;
    case "partial": {
      const share = message.share === null ? "null" : encodeWire([message.share.columns, message.share.partials]);
      return `["P",${JSON.stringify(message.aggregate)},${keyJson(message.key)},${share}]`;
    }
    case "end":
      return `["E",${JSON.stringify(message.aggregate)},${message.to},${message.since}]`;
  }
}

function keyJson(key: Key): string {
  return typeof key === "number" ? String(key) : JSON.stringify(key);
}

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

/** Reads a record of an inbox. @throws SyntaxError for anything that was not written by {@link encodePack} or {@link encodeHello} */
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
    messages: record.messages.map(decodeMessage),
  };
}

function decodeMessage(message: Encoded): Message {
  const [type, name, third, fourth] = message as [string, string, unknown, unknown];
  switch (type) {
    case "S":
      return { type: "subscribe", join: name, key: keyFrom(third) };
    case "U":
      return { type: "unsubscribe", join: name, key: keyFrom(third) };
    case "V":
      return { type: "value", join: name, key: keyFrom(third), value: fourth as Row | null };
    case "H":
      return { type: "hello" };
    case "C":
      return { type: "collect", aggregate: name };
    case "P": {
      const share = fourth as [Row, Partial[]] | null;
      return {
        type: "partial",
        aggregate: name,
        key: keyFrom(third),
        share: share === null ? null : { columns: share[0], partials: share[1] },
      };
    }
    case "E":
      return { type: "end", aggregate: name, to: third as number, since: fourth as number };
    default:
      throw new SyntaxError(
        `Cannot read an inbox message of type "${type}": it was written by another version of Weir`,
      );
  }
}

function keyFrom(value: unknown): Key {
  return typeof value === "number" ? value : parseKeyText(value as string);
}
