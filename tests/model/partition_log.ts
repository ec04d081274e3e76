import type { Choices } from "../simulation/choices.ts";
import type { Change } from "./values.ts";

export interface LogRecord<Value> {
  readonly offset: number;
  /** When it was appended, in steps of the world. */
  readonly time: number;
  readonly key: string;
  readonly value: Value;
  readonly leaderEpoch: number;
  /** Of a tombstone: when a compaction first left nothing older of its key. */
  cleanedAt?: number;
}

/** One partition of a topic. */
export class PartitionLog<Value> {
  records: LogRecord<Value>[] = [];
  start = 0;
  end = 0;
  leaderEpoch = 0;
  /** Every replica has the records before this one. */
  replicated = 0;
  /** Offset at which each leader's records end; the present one's is missing. */
  readonly #ends: number[] = [];

  constructor(readonly topicId: number) {}

  /** Returns its offset. */
  append(key: string, { value, time }: { readonly value: Value; readonly time: number }): number {
    this.records.push({ offset: this.end, time, key, value, leaderEpoch: this.leaderEpoch });
    return this.end++;
  }

  /** The first record at or after the offset. */
  next(offset: number): LogRecord<Value> | undefined {
    let low = 0;
    let high = this.records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle].offset < offset) low = middle + 1;
      else high = middle;
    }
    return this.records[low];
  }

  /** Where records of that leader, and of those before it, end. */
  endOf(leaderEpoch: number): number {
    return Math.min(this.end, ...this.#ends.slice(leaderEpoch));
  }

  /** A leader is elected that lacks the last records, as far as they were not replicated. */
  lose(count: number): void {
    this.end = Math.max(this.replicated, this.end - count);
    this.records = this.records.filter(({ offset }) => offset < this.end);
    this.#ends.push(this.end);
    this.leaderEpoch++;
  }

  /** Records before the offset are removed. */
  cut(offset: number): void {
    this.start = Math.max(this.start, offset);
    this.records = this.records.filter((record) => record.offset >= this.start);
  }
}

/** What a compaction may remove. */
export interface CompactionOptions {
  readonly now: number;
  /** So long a tombstone stays after the first compaction that left nothing older of its key. */
  readonly retention: number;
  /** Tombstones from this offset on stay in any case. */
  readonly unread: number;
  /** Of each older record: the probability that it goes. */
  readonly thoroughness: number;
  /** The probability that the log then begins at the first record left. */
  readonly cuts: number;
}

/**
 * Compacts a source's partition as Kafka does: of each key the last record stays. A delete that left a row under its
 * key says less than what it follows, so both stay until the key's next change.
 */
export function compact(log: PartitionLog<Change | null>, choices: Choices, options: CompactionOptions): void {
  log.replicated = log.end;
  const last = new Map(log.records.map((record) => [record.key, record]));
  const kept = new Set<string>();
  log.records = log.records.filter((record) => {
    const newest = last.get(record.key)!;
    const stays = newest.value?.kind === "delete" || newest.value?.kind === "exchange";
    if (newest !== record) {
      const keep = stays || !choices.chance(options.thoroughness);
      if (keep) kept.add(record.key);
      return keep;
    }
    if (record.value !== null || kept.has(record.key) || record.offset === log.end - 1) return true;
    record.cleanedAt ??= options.now;
    if (options.now - record.cleanedAt <= options.retention || record.offset >= options.unread) return true;
    return !choices.chance(options.thoroughness);
  });
  if (choices.chance(options.cuts) && log.records.length > 0) log.cut(log.records[0].offset);
}
