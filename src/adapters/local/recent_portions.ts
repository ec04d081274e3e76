import type { LogRecord } from "../../ports/log.ts";

/** Memory of all that is kept, as its records take it. */
const BYTES_MAX = 33_554_432;
/**
 * Short beside any `delete.retention.ms`: a row that is read here may be one whose tombstone is removed that much
 * sooner after the read.
 */
const KEPT_MS = 5_000;

/** What was read of one partition. */
export interface ReadPortion {
  /** Where the read began. */
  readonly offset: number;
  readonly records: readonly LogRecord[];
  /** Where the next read continues. */
  readonly nextOffset: number;
  /** Memory that the records take. */
  readonly bytes: number;
}

interface Kept<P> {
  readonly name: string;
  /** A topic that was made anew has another one; null if the log tells none. */
  readonly topicId: string | null;
  readonly portion: P;
  readonly sinceMs: number;
}

/**
 * What was read of partitions that several readers of this process read, for those that come to the same place a little
 * later. The oldest goes first. Whoever is further behind reads the log by itself.
 */
export class RecentPortions<P extends ReadPortion> {
  /** How many readers there are of each partition. */
  readonly #readers = new Map<string, number>();
  /** By partition, in the order in which they were read. */
  readonly #byName = new Map<string, Kept<P>[]>();
  /** All of them, the oldest first. */
  readonly #kept = new Set<Kept<P>>();
  #bytes = 0;

  /** Memory that is taken now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** One more reads this partition. */
  enter(name: string): void {
    this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
  }

  /** One of those that entered reads it no more. */
  leave(name: string): void {
    const readers = this.#readers.get(name)! - 1;
    if (readers > 0) this.#readers.set(name, readers);
    else this.#readers.delete(name);
  }

  /** Keeps what was just read, if others read the partition, too. */
  keep(
    name: string,
    { portion, topicId, nowMs }: { readonly portion: P; readonly topicId: string | null; readonly nowMs: number },
  ): void {
    if ((this.#readers.get(name) ?? 0) < 2 || portion.records.length === 0 || portion.bytes > BYTES_MAX / 4) return;
    const kept = { name, topicId, portion, sinceMs: nowMs };
    this.#byName.getOrInsertComputed(name, () => []).push(kept);
    this.#kept.add(kept);
    this.#bytes += portion.bytes;
    for (const oldest of this.#kept) {
      if (this.#bytes <= BYTES_MAX) break;
      this.#drop(oldest);
    }
  }

  /** The portion in which `offset` lies, from there on, if it was read a moment ago; null if not. */
  find(
    name: string,
    { topicId, offset }: { readonly topicId: string | null; readonly offset: number },
  ): P | null {
    for (const kept of this.#byName.get(name) ?? []) {
      const { portion } = kept;
      if (kept.topicId !== topicId || portion.offset > offset || portion.nextOffset <= offset) continue;
      return portion.offset === offset ? portion : from(portion, offset);
    }
    return null;
  }

  /** Drops what was kept long enough. */
  expire(nowMs: number): void {
    for (const kept of this.#kept) {
      if (kept.sinceMs + KEPT_MS > nowMs) return;
      this.#drop(kept);
    }
  }

  /** The partition may be another one now. */
  forget(name: string): void {
    for (const kept of [...this.#byName.get(name) ?? []]) this.#drop(kept);
  }

  #drop(kept: Kept<P>): void {
    if (!this.#kept.delete(kept)) return;
    this.#bytes -= kept.portion.bytes;
    const left = this.#byName.get(kept.name)!.filter((other) => other !== kept);
    if (left.length === 0) this.#byName.delete(kept.name);
    else this.#byName.set(kept.name, left);
  }
}

function from<P extends ReadPortion>(portion: P, offset: number): P {
  return { ...portion, offset, records: portion.records.filter((record) => record.offset >= offset) };
}
