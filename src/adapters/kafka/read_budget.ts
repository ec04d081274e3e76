/** Leave for one fetch: how much to ask for, and how much of the budget that takes until it is answered. */
export interface FetchLeave {
  readonly bytesMax: number;
  readonly reserved: number;
}

/** No fetch asks for less: many small ones would cost more than waiting. */
const FETCH_BYTES_MIN = 65_536;
/** Of the room left, so that a fetch from every broker can wait for records at the same time. */
const ROOM_SHARE = 0.25;

/**
 * Memory that a reader may use, over all its partitions: for chunks fetched and not delivered, and for answers under
 * way. It is counted as the records take it, so it is the same for many short and for few long ones; how much larger
 * that is than what a fetch brings (compression) is learned from the fetches before. Only a single batch can exceed it.
 */
export class ReadBudget {
  readonly #bytesMax: number;
  #held = 0;
  #reserved = 0;
  /** Bytes held for each byte fetched. */
  #growth = 1;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Memory that chunks take now. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Leave for a fetch of at most `wanted` bytes; null while there is no room. Always given when nothing is used. */
  ask(wanted: number): FetchLeave | null {
    const used = this.#held + this.#reserved;
    const room = Math.floor((this.#bytesMax - used) / this.#growth);
    if (used > 0 && room < FETCH_BYTES_MIN) return null;
    const bytesMax = Math.min(wanted, Math.max(FETCH_BYTES_MIN, Math.floor(ROOM_SHARE * room)));
    const reserved = Math.ceil(bytesMax * this.#growth);
    this.#reserved += reserved;
    return { bytesMax, reserved };
  }

  /** The fetch was answered, or has failed. */
  answered({ reserved }: FetchLeave): void {
    this.#reserved -= reserved;
  }

  /** Records of `heldBytes` were decoded from `fetchedBytes`. */
  learn(fetchedBytes: number, heldBytes: number): void {
    if (fetchedBytes > 0) this.#growth = Math.max(1, 0.75 * this.#growth + 0.25 * heldBytes / fetchedBytes);
  }

  /** A chunk begins to be held. */
  hold(bytes: number): void {
    this.#held += bytes;
  }

  /** A chunk was delivered or thrown away. */
  release(bytes: number): void {
    this.#held -= bytes;
  }
}
