import type { Key } from "../../record/key.ts";
import { keyFrom, keyJson } from "./message_key.ts";

/** A home's question whether right rows are what it holds of them. */
export interface BlockMessage {
  readonly type: "block";
  readonly join: string;
  /** Its number in the home's epoch. */
  readonly block: number;
  readonly keys: readonly Key[];
  /** By key: digest of what is held. */
  readonly held: readonly number[];
}

/** The answer to a block. */
export interface ConfirmedMessage {
  readonly type: "confirmed";
  readonly join: string;
  /** The epoch that asked. */
  readonly to: number;
  readonly block: number;
  /** Places in the block of right rows that are told by themselves. */
  readonly except: readonly number[];
}

/** The JSON text of a block. */
export function encodeBlock({ join, block, keys, held }: BlockMessage): string {
  let items = String(block);
  keys.forEach((key, index) => items += `,${keyJson(key)},${held[index]}`);
  return `["B",${JSON.stringify(join)},[${items}]]`;
}

/** Back from {@link encodeBlock}. */
export function decodeBlock(join: string, items: readonly unknown[]): BlockMessage {
  const keys: Key[] = [];
  const held: number[] = [];
  for (let index = 1; index < items.length; index += 2) {
    keys.push(keyFrom(items[index]));
    held.push(items[index + 1] as number);
  }
  return { type: "block", join, block: items[0] as number, keys, held };
}

/** The JSON text of the answer. */
export function encodeConfirmed({ join, to, block, except }: ConfirmedMessage): string {
  return `["K",${JSON.stringify(join)},[${[to, block, ...except].join()}]]`;
}

/** Back from {@link encodeConfirmed}. */
export function decodeConfirmed(join: string, items: readonly unknown[]): ConfirmedMessage {
  const [to, block, ...except] = items as readonly number[];
  return { type: "confirmed", join, to, block, except };
}
