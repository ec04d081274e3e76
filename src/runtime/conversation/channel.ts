import { contentLengthMax } from "../../record/sendable.ts";
import { encodePack } from "./inbox_record.ts";
import { type EncodedMessage, encodeMessage, HEAD_END, type Message } from "./messages.ts";

/** An inbox partition: the table whose task reads it, and which of its tasks. */
export interface Destination {
  /** Index of the table. */
  readonly table: number;
  readonly partition: number;
}

/** Messages of one pack: it is taken in one turn of the event loop. */
const PACK_MESSAGES_MAX = 1_000;

interface OpenPack extends Destination {
  messages: string;
  count: number;
  /** Of the messages last added, which are not ended yet. */
  head: string | null;
}

/** How large packs become. */
export interface PackLimits {
  /** A pack of so much text, in UTF-16 units, is sealed before the flush. */
  readonly packLengthMax: number;
  /** Bytes of a record: a message that would make it larger goes into one of its own. */
  readonly messageBytesMax: number;
}

/** Takes sealed packs in the order in which they must be appended. */
export type Emit = (destination: Destination, record: string) => void;

/**
 * One task's side of all conversations: numbers what it sends, and drops what is not newer than what it has taken.
 * Order is kept per destination. A new incarnation of a task begins a new channel.
 */
export class Channel {
  /** Number of the last message or sink write of this epoch. */
  seq = 0;
  readonly #task: string;
  readonly #epoch: number;
  readonly #emit: Emit;
  readonly #packLengthMax: number;
  readonly #recordLengthMax: number;
  readonly #open = new Map<number, OpenPack>();
  readonly #seen = new Map<string, { epoch: number; seq: number }>();

  constructor(options: { task: string; epoch: number; limits: PackLimits; emit: Emit }) {
    this.#task = options.task;
    this.#epoch = options.epoch;
    this.#packLengthMax = options.limits.packLengthMax;
    this.#recordLengthMax = contentLengthMax(options.limits.messageBytesMax);
    this.#emit = options.emit;
  }

  /** Adds a message to the open pack for this destination. */
  send(destination: Destination, message: Message): void {
    this.sendEncoded(destination, encodeMessage(message));
  }

  /** Adds a message that is encoded already. */
  sendEncoded(destination: Destination, { head, body, weight = 1 }: EncodedMessage): void {
    const id = destination.table * 65_536 + destination.partition;
    let pack = this.#open.get(id);
    if (pack !== undefined && pack.messages.length + body.length > this.#recordLengthMax) {
      this.#seal(id, pack);
      pack = undefined;
    }
    if (pack === undefined) {
      pack = { table: destination.table, partition: destination.partition, messages: "", count: 0, head: null };
      this.#open.set(id, pack);
    }
    if (head !== null && head === pack.head) pack.messages += `,${body}`;
    else {
      pack.messages = `${ended(pack)}${pack.messages === "" ? "" : ","}${head ?? ""}${body}`;
      pack.head = head;
    }
    pack.count += weight;
    if (pack.count >= PACK_MESSAGES_MAX || pack.messages.length >= this.#packLengthMax) this.#seal(id, pack);
  }

  /**
   * Seals the open pack of a destination and returns the last number used: whatever is sent from now on has a greater
   * one.
   */
  cut(destination: Destination): number {
    const id = destination.table * 65_536 + destination.partition;
    const pack = this.#open.get(id);
    if (pack !== undefined) this.#seal(id, pack);
    return this.seq;
  }

  /** Seals all open packs. */
  flush(): void {
    for (const [id, pack] of this.#open) this.#seal(id, pack);
  }

  #seal(id: number, pack: OpenPack): void {
    this.#open.delete(id);
    this.#emit(pack, encodePack({ from: this.#task, epoch: this.#epoch, seq: ++this.seq, messages: ended(pack) }));
  }

  /**
   * Whether a pack is newer than everything taken from this sender; if so it counts as taken. `newEpoch`: the sender
   * has started again since the last one taken.
   */
  accept(from: string, epoch: number, seq: number): { readonly fresh: boolean; readonly newEpoch: boolean } {
    const seen = this.#seen.get(from);
    if (seen === undefined) {
      this.#seen.set(from, { epoch, seq });
      return { fresh: true, newEpoch: false };
    }
    if (epoch < seen.epoch || (epoch === seen.epoch && seq <= seen.seq)) return { fresh: false, newEpoch: false };
    const newEpoch = epoch > seen.epoch;
    seen.epoch = epoch;
    seen.seq = seq;
    return { fresh: true, newEpoch };
  }
}

function ended(pack: OpenPack): string {
  return pack.head === null ? pack.messages : pack.messages + HEAD_END;
}
