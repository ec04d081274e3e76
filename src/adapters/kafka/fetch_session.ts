import { type FetchAnswer, type FetchOptions, type FetchPartition, NO_SESSION } from "./protocol/fetch.ts";
import { ErrorCode } from "./protocol/errors.ts";
import type { ReadPosition } from "./read_position.ts";

/** One partition that a broker is asked for, and who waits for the answer: all of them at the same offset. */
export interface Asked extends FetchPartition {
  readonly positions: Set<ReadPosition>;
}

/** As a session's first epoch is 0, the one after the greatest is 1. */
const EPOCH_MAX = 2 ** 31 - 1;

/**
 * The partitions that one broker is asked for. A kept one is asked for again and again, as a fetch session (KIP-227):
 * only what has changed since the last request is sent, and only news is answered, so that idle partitions cost nothing
 * however many they are. A broker that keeps no session is sent all of it each time.
 */
export class FetchSession {
  readonly #kept: boolean;
  readonly #asked = new Map<string, Asked>();
  /** What the broker knows of the session. */
  readonly #told = new Map<string, FetchPartition>();
  /** Partitions that may be other ones than the broker knows. */
  readonly #touched = new Set<string>();
  #id = 0;
  #epoch = 0;

  constructor(kind: "kept" | "once") {
    this.#kept = kind === "kept";
  }

  get empty(): boolean {
    return this.#asked.size === 0;
  }

  /** Asks for a position, too. False if another offset of the partition is asked for. */
  add(position: ReadPosition): boolean {
    const { name, topic, partition, offset, bytesMax } = position;
    const asked = this.#asked.get(name);
    if (asked !== undefined && asked.offset !== offset) return false;
    const positions = asked?.positions ?? new Set();
    positions.add(position);
    if (asked === undefined || bytesMax > asked.bytesMax) {
      this.#asked.set(name, { topic, partition, offset, bytesMax, positions });
      this.#touched.add(name);
    }
    position.asked = this;
    return true;
  }

  /** Waits for an answer that is under way, if it will be about this position. */
  join(position: ReadPosition): boolean {
    const asked = this.#asked.get(position.name);
    if (asked?.offset !== position.offset || asked.bytesMax < position.bytesMax) return false;
    asked.positions.add(position);
    position.asked = this;
    return true;
  }

  /** The partition's part in the request, which is taken out of it; undefined if it is not asked for any more. */
  take(name: string): Asked | undefined {
    const asked = this.#asked.get(name);
    if (asked === undefined) return undefined;
    this.#asked.delete(name);
    this.#touched.add(name);
    for (const position of asked.positions) position.asked = null;
    return asked;
  }

  /** Everything that is asked for, which is taken out. */
  takeAll(): Asked[] {
    return [...this.#asked.keys()].map((name) => this.take(name)!);
  }

  /** Nobody waits for this position any more. */
  forget(position: ReadPosition): void {
    const asked = this.#asked.get(position.name);
    if (!asked?.positions.delete(position)) return;
    position.asked = null;
    if (asked.positions.size === 0) this.take(position.name);
  }

  /** What the next request says. */
  next(): { readonly partitions: readonly FetchPartition[] } & Pick<FetchOptions, "session" | "forgotten"> {
    if (!this.#kept) return { partitions: [...this.#asked.values()], session: NO_SESSION, forgotten: [] };
    if (this.#epoch === 0) {
      this.#told.clear();
      for (const name of this.#asked.keys()) this.#touched.add(name);
    }
    const partitions: FetchPartition[] = [];
    const forgotten: FetchPartition[] = [];
    for (const name of this.#touched) {
      const asked = this.#asked.get(name);
      const told = this.#told.get(name);
      if (asked === undefined) {
        if (told === undefined) continue;
        forgotten.push(told);
        this.#told.delete(name);
      } else if (told?.offset !== asked.offset || told.bytesMax !== asked.bytesMax) {
        partitions.push(asked);
        const { topic, partition, offset, bytesMax } = asked;
        this.#told.set(name, { topic, partition, offset, bytesMax });
      }
    }
    this.#touched.clear();
    return { partitions, forgotten, session: { id: this.#id, epoch: this.#epoch } };
  }

  /** The answer's session. False if the broker does not know it any more: then it has answered nothing. */
  answered({ errorCode, sessionId }: FetchAnswer): boolean {
    const lost = errorCode === ErrorCode.fetchSessionIdNotFound || errorCode === ErrorCode.invalidFetchSessionEpoch;
    if (lost) this.restart();
    else {
      this.#id = sessionId;
      this.#epoch = sessionId === 0 ? 0 : this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1;
    }
    return !lost;
  }

  /** The next request begins the session anew. Nobody knows what the broker has heard of the last one. */
  restart(): void {
    this.#epoch = 0;
  }
}
