import type { Portion } from "./read_position.ts";

/** Memory of all that is kept, as its records take it. */
const BYTES_MAX = 33_554_432;
/**
 * Short beside any `delete.retention.ms`: a row that is read here may be one whose tombstone is removed that much
 * sooner after the read.
 */
const KEPT_MS = 5_000;

interface Kept {
  readonly name: string;
  /** A topic that was made anew has another one; null if the broker tells none. */
  readonly topicId: string | null;
  readonly portion: Portion;
  readonly sinceMs: number;
}

/**
 * What was fetched of partitions that several readers of this process read, for those that come to the same place a
 * little later. The oldest goes first. Whoever is further behind fetches by itself.
 */
export class RecentPortions {
  /** By partition, in the order in which they were fetched. */
  readonly #byName = new Map<string, Kept[]>();
  /** All of them, the oldest first. */
  readonly #kept = new Set<Kept>();
  #bytes = 0;

  /** Memory that is taken now. */
  get bytes(): number {
    return this.#bytes;
  }

  keep(
    name: string,
    { portion, topicId, nowMs }: { readonly portion: Portion; readonly topicId: string | null; readonly nowMs: number },
  ): void {
    if (portion.bytes > BYTES_MAX / 4) return;
    const kept = { name, topicId, portion, sinceMs: nowMs };
    this.#byName.getOrInsertComputed(name, () => []).push(kept);
    this.#kept.add(kept);
    this.#bytes += portion.bytes;
    for (const oldest of this.#kept) {
      if (this.#bytes <= BYTES_MAX) break;
      this.#drop(oldest);
    }
  }

  /** The portion that a read from `offset` on would bring, if it was fetched a moment ago; null if not. */
  find(
    name: string,
    { topicId, offset }: { readonly topicId: string | null; readonly offset: number },
  ): Portion | null {
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

  #drop(kept: Kept): void {
    if (!this.#kept.delete(kept)) return;
    this.#bytes -= kept.portion.bytes;
    const left = this.#byName.get(kept.name)!.filter((other) => other !== kept);
    if (left.length === 0) this.#byName.delete(kept.name);
    else this.#byName.set(kept.name, left);
  }
}

function from(portion: Portion, offset: number): Portion {
  return { ...portion, offset, records: portion.records.filter((record) => record.offset >= offset) };
}
