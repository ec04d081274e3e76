import type { Key } from "../../record/key.ts";
import { encodeWire } from "../../record/wire.ts";
import type { Row } from "../../record/row.ts";
import type { SharePart } from "../../processor/aggregate.ts";
import { type BlockMessage, type ConfirmedMessage, encodeBlock, encodeConfirmed } from "./block_message.ts";
import { keyJson } from "./message_key.ts";

/**
 * What tasks tell each other. All messages of one flush to one inbox partition travel packed in one record with one
 * (epoch, seq).
 *
 * - subscribe / unsubscribe: a home wants, or no longer wants, the right row of a join;
 * - resubscribe: the same, of a home that holds a value with the digest `held`;
 * - block: resubscribe, of several keys, with one answer for all that are what the home holds;
 * - confirmed: the answer: in a block of the epoch `to` every right row is what was held, but those at the places
 *   `except`, which are told by themselves;
 * - value: the right row now (null: absent);
 * - unchanged: the right row now has the digest `held`, which the home said that it holds;
 * - hello: a task started, and knows nothing of what was asked of it or sent to it before;
 * - own: a number by which a task knows that it had still the greatest epoch when it wrote that into its own inbox;
 * - awake: a task's mark in its own inbox: what was said to it before it was loaded has been read;
 * - collect: a merge task wants all shares of an aggregate;
 * - share: a home's share of a group (null: it has no row of it any more);
 * - distinct: a value that came or went among the home's rows of a group, for a column that counts different ones;
 * - end: all shares with a greater seq than `since` were sent to the merge task of epoch `to`.
 */
export type Message =
  | { readonly type: "subscribe" | "unsubscribe"; readonly join: string; readonly key: Key }
  | { readonly type: "resubscribe"; readonly join: string; readonly key: Key; readonly held: number }
  | BlockMessage
  | ConfirmedMessage
  | { readonly type: "value"; readonly join: string; readonly key: Key; readonly value: Row | null }
  | { readonly type: "unchanged"; readonly join: string; readonly key: Key; readonly held: number }
  | { readonly type: "hello" | "awake" }
  | { readonly type: "own"; readonly number: number }
  | { readonly type: "collect"; readonly aggregate: string }
  | {
    readonly type: "share";
    readonly aggregate: string;
    readonly key: Key;
    readonly share: { readonly columns: Row; readonly parts: readonly SharePart[] } | null;
  }
  | ({ readonly type: "distinct"; readonly aggregate: string } & ValueChange)
  | { readonly type: "end"; readonly aggregate: string; readonly to: number; readonly since: number };

/** A value that came or went among a home's rows of a group. */
export interface ValueChange {
  readonly key: Key;
  /** Which of the aggregate's columns. */
  readonly column: number;
  readonly value: string;
  readonly held: boolean;
}

/** Who sent a message: the task, and the pack's place in its numbering. */
export interface MessageOrigin {
  readonly table: string;
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
}

/** A place in a home's numbering. */
export interface Place {
  readonly epoch: number;
  readonly seq: number;
}

/** The sender of a message: which home, and its place in that home's numbering. */
export interface ShareOrigin extends Place {
  readonly home: number;
}

/** The home whose share it is, and the share's place in its numbering. */
export function shareOrigin(sender: MessageOrigin): ShareOrigin {
  return { home: sender.partition, epoch: sender.epoch, seq: sender.seq };
}

/**
 * One message as JSON text. Those that follow each other under one head share it in the pack: `["S","join",[1,2,3]]`. A
 * head of null: the body is all. Values whose columns have the same names share these, too:
 * `["W","join",["name","country"],[7,["Ada","UK"],9,["Alan","UK"]]]`.
 */
export interface EncodedMessage {
  readonly head: string | null;
  readonly body: string;
  /** It takes as long as so many messages; 1 if absent. */
  readonly weight?: number;
}

/** A block's right rows are confirmed more quickly than they are told. */
const CONFIRMED_WEIGHT = 64;

/** What ends the messages of one head. */
export const HEAD_END = "]]";

/** The JSON text of one message. */
export function encodeMessage(message: Message): EncodedMessage {
  switch (message.type) {
    case "subscribe":
      return { head: headOf("S", message.join), body: keyJson(message.key) };
    case "unsubscribe":
      return { head: headOf("U", message.join), body: keyJson(message.key) };
    case "resubscribe":
      return { head: headOf("R", message.join), body: `${keyJson(message.key)},${message.held}` };
    case "block":
      return { head: null, body: encodeBlock(message), weight: message.keys.length };
    case "confirmed":
      return { head: null, body: encodeConfirmed(message), weight: CONFIRMED_WEIGHT };
    case "value":
      return encodeValue(message.key, { head: valueHead(message.join), text: encodeWire(message.value) });
    case "unchanged":
      return { head: headOf("N", message.join), body: `${keyJson(message.key)},${message.held}` };
    case "hello":
      return { head: null, body: `["H"]` };
    case "awake":
      return { head: null, body: `["A"]` };
    case "own":
      return { head: null, body: `["O","",${message.number}]` };
    case "collect":
      return { head: null, body: `["C",${JSON.stringify(message.aggregate)}]` };
    case "share": {
      const share = message.share === null ? "null" : encodeWire([message.share.columns, message.share.parts]);
      return { head: headOf("P", message.aggregate), body: `${keyJson(message.key)},${share}` };
    }
    case "distinct": {
      const { aggregate, key, column, value, held } = message;
      return {
        head: headOf("D", aggregate),
        body: `${keyJson(key)},${column},${JSON.stringify(value)},${held ? 1 : 0}`,
      };
    }
    case "end":
      return { head: null, body: `["E",${JSON.stringify(message.aggregate)},${message.to},${message.since}]` };
  }
}

/** A value as it is sent: under which {@link valueHead}, and its text, or that of its columns' values. */
export interface WireValue {
  readonly head: string;
  readonly text: string;
}

/** The head of values with the names of their columns; or of values alone, of these columns in this order. */
export function valueHead(join: string, columns: readonly string[] | null = null): string {
  return columns === null ? headOf("V", join) : `["W",${JSON.stringify(join)},${JSON.stringify(columns)},[`;
}

/** As {@link encodeMessage}, of a value that is encoded already. */
export function encodeValue(key: Key, { head, text }: WireValue): EncodedMessage {
  return { head, body: `${keyJson(key)},${text}` };
}

const heads = new Map<string, Map<string, string>>();

/** Remembered: there are a few names, and millions of messages. */
function headOf(type: string, name: string): string {
  let ofType = heads.get(type);
  if (ofType === undefined) heads.set(type, ofType = new Map());
  let head = ofType.get(name);
  if (head === undefined) ofType.set(name, head = `["${type}",${JSON.stringify(name)},[`);
  return head;
}
