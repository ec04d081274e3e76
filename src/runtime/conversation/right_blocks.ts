import type { Key } from "../../record/key.ts";
import { UNKNOWN } from "../../record/row.ts";
import type { AskedRights } from "../../state/right_store.ts";
import type { Slot } from "../../state/slots.ts";
import type { Destination } from "./channel.ts";
import { askingFor, heldDigest } from "./asking.ts";
import type { Message } from "./messages.ts";

/** Right rows of a block: it is made, answered and taken in one turn each. */
export const BLOCK_KEYS_MAX = 256;
/** A key of more text is asked about alone. */
const KEY_LENGTH_MAX = 200;

/** The block that is not sent yet. */
interface OpenBlock {
  readonly rights: Slot[];
  readonly keys: Key[];
}

/** The block that is not answered yet. */
interface AskedBlock {
  readonly partition: number;
  readonly rights: Int32Array;
}

/** What a lookup's blocks need. */
export interface RightBlocksOptions {
  readonly store: AskedRights;
  readonly join: string;
  /** Index of the table that serves. */
  readonly table: number;
  readonly send: (destination: Destination, message: Message) => void;
}

/**
 * The questions of one lookup whether right rows are what is held of them: many in one message, and with one answer for
 * all that are. It speaks of what a snapshot held and nothing has been told of since, since that is one value in all of
 * a task's life: whatever was told, left or asked for anew between question and answer is told by itself.
 */
export class RightBlocks {
  readonly #options: RightBlocksOptions;
  /** By server. */
  readonly #open = new Map<number, OpenBlock>();
  /** By number. */
  readonly #asked = new Map<number, AskedBlock>();
  #count = 0;

  constructor(options: RightBlocksOptions) {
    this.#options = options;
  }

  /** Asks whether the right row is what is held of it; or what it is, if nothing is. */
  ask(partition: number, right: Slot): void {
    const { store, join, table, send } = this.#options;
    const key = store.keys.keyOf(right);
    if (!store.holds(right) || (typeof key === "string" && key.length > KEY_LENGTH_MAX)) {
      return send({ table, partition }, askingFor({ join, key }, store.told(right)));
    }
    let block = this.#open.get(partition);
    if (block === undefined) this.#open.set(partition, block = { rights: [], keys: [] });
    block.rights.push(right);
    if (block.keys.push(key) >= BLOCK_KEYS_MAX) this.#send(partition, block);
  }

  /** Sends the blocks that are not full. */
  flush(): void {
    for (const [partition, block] of this.#open) this.#send(partition, block);
  }

  #send(partition: number, block: OpenBlock): void {
    const { store, join, table, send } = this.#options;
    this.#open.delete(partition);
    const rights: Slot[] = [];
    const keys: Key[] = [];
    const held: number[] = [];
    block.rights.forEach((right, index) => {
      const key = block.keys[index];
      // Left since; if it came back, it was asked for then.
      const value = store.keys.isUsed(right) && store.keys.keyOf(right) === key ? store.told(right) : UNKNOWN;
      if (value === UNKNOWN) return;
      rights.push(right);
      keys.push(key);
      held.push(heldDigest(value));
    });
    if (rights.length === 0) return;
    const number = this.#count++;
    this.#asked.set(number, { partition, rights: Int32Array.from(rights) });
    send({ table, partition }, { type: "block", join, block: number, keys, held });
  }

  /** The server has started again: it does not know what it was asked before. */
  forget(partition: number): void {
    this.#open.delete(partition);
    for (const [number, block] of this.#asked) if (block.partition === partition) this.#asked.delete(number);
  }

  /** A block was answered: `except`: places in it of what is told by itself. Gives what is to be confirmed. */
  *answered(number: number, except: readonly number[]): Generator<Slot> {
    const block = this.#asked.get(number);
    if (block === undefined) return;
    this.#asked.delete(number);
    const told = new Set(except);
    for (let at = 0; at < block.rights.length; at++) if (!told.has(at)) yield block.rights[at];
  }
}
