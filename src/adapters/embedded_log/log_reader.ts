import type { Fetched, LogRecord, Reader } from "../../ports/log.ts";
import type { Clock } from "../../ports/clock.ts";
import { ProductionError } from "../../record/errors.ts";
import type { EmbeddedLogLimits } from "./log_limits.ts";
import type { LogStore, TopicState } from "./log_store.ts";
import type { StoredRecord } from "./stored_records.ts";
import { existingWith } from "./log_topics.ts";
import { productionError } from "../local/sqlite.ts";
import type { ReadPortion, RecentPortions } from "../local/recent_portions.ts";
import { sizeOf } from "./stored_bytes.ts";

/** Records that the first statement of a poll asks for when nothing is known of their size yet. */
const FIRST_LIMIT = 64;

/**
 * A statement asks for no more records than may bring twice what the poll may still return, should all of them be as
 * large as the largest ever written. That is never less than a few: single statements are ten times as slow.
 */
const LARGEST_SHARE = 2;
const STATEMENT_RECORDS_MIN = 4;
/** Memory that a record takes besides its key and value. */
const RECORD_BYTES = 100;

/** What a reader works with. */
export interface LogReaderOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly limits: EmbeddedLogLimits;
  /** Of all readers of the log. */
  readonly recent: RecentPortions<ReadPortion>;
  /** Called when records of a transient topic were given out. */
  onTransientRead(topic: TopicState, partition: number): void;
  /** Called once, when the reader was closed. */
  onClosed(reader: LogReader): void;
}

/** A partition being read. */
interface Cursor {
  readonly topic: string;
  readonly partition: number;
  position: number;
  paused: boolean;
  /** Set once the position was reported as out of range: nothing is read until the next seek. */
  halted: boolean;
  /** Average size of the records read last. */
  recordBytes: number;
}

/** What a poll may still return. */
interface Allowance {
  records: number;
  bytes: number;
}

/**
 * Reads by position straight from the store, when asked and no further: nothing is fetched ahead, so there is nothing
 * to throw away. A pause belongs to the partition until `resume` or `stop`, also across `seek`.
 */
export class LogReader implements Reader {
  readonly #options: LogReaderOptions;
  readonly #cursors = new Map<string, Cursor>();
  /** The order in which partitions are served; the one served last goes to the end. */
  #order: Cursor[] = [];
  #waiting: AbortController | undefined;
  #polling = false;
  #closed = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  seek(topic: string, partition: number, offset: number): void {
    const known = this.#cursors.get(nameOf(topic, partition));
    if (known) {
      known.position = offset;
      known.halted = false;
    } else {
      const cursor = { topic, partition, position: offset, paused: false, halted: false, recordBytes: 0 };
      this.#cursors.set(nameOf(topic, partition), cursor);
      this.#order.push(cursor);
      this.#options.recent.enter(nameOf(topic, partition));
    }
    this.wake();
  }

  stop(topic: string, partition: number): void {
    const cursor = this.#cursors.get(nameOf(topic, partition));
    if (this.#cursors.delete(nameOf(topic, partition))) this.#options.recent.leave(nameOf(topic, partition));
    this.#order = this.#order.filter((other) => other !== cursor);
  }

  /** Where the next read of this partition begins; undefined if it is not read. */
  positionOf(topic: string, partition: number): number | undefined {
    return this.#cursors.get(nameOf(topic, partition))?.position;
  }

  pause(topic: string, partition: number): void {
    const cursor = this.#cursors.get(nameOf(topic, partition));
    if (cursor) cursor.paused = true;
  }

  resume(topic: string, partition: number): void {
    const cursor = this.#cursors.get(nameOf(topic, partition));
    if (cursor) cursor.paused = false;
    this.wake();
  }

  async poll(waitMs: number): Promise<Fetched[]> {
    if (this.#polling) {
      throw new TypeError("Cannot poll a reader as its only poll: current value is another poll under way. Await it");
    }
    if (this.#closed) throw closedLog();
    this.#polling = true;
    try {
      const { clock } = this.#options;
      const deadlineMs = clock.nowMs() + waitMs;
      this.#options.recent.expire(clock.nowMs());
      // A caller that polls in a loop would otherwise keep timers and sockets from their turn.
      await clock.breathe();
      for (let timedOut = waitMs <= 0;;) {
        if (this.#closed) return [];
        const parts = this.#read();
        if (parts.length > 0 || timedOut) return parts;
        const woken = this.#waiting = new AbortController();
        // Never longer than asked for, should the clock be set back meanwhile.
        await clock.sleep(Math.max(0, Math.min(waitMs, deadlineMs - clock.nowMs())), woken.signal);
        this.#waiting = undefined;
        timedOut = !woken.signal.aborted;
      }
    } finally {
      this.#polling = false;
    }
  }

  /** Lets a waiting poll look again if there is anything to see. */
  wake(): void {
    if (this.#waiting && (this.#closed || this.#order.some((cursor) => this.#isReadable(cursor)))) {
      this.#waiting.abort();
    }
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      for (const name of this.#cursors.keys()) this.#options.recent.leave(name);
      this.wake();
      this.#options.onClosed(this);
    }
    return Promise.resolve();
  }

  /** True if a read of it would bring something, were it only an error. */
  #isReadable(cursor: Cursor): boolean {
    if (cursor.paused || cursor.halted) return false;
    return this.#options.store.topic(cursor.topic)?.partitions[cursor.partition]?.end !== cursor.position;
  }

  /** One turn: every readable partition gets an equal share of what a poll may return. */
  #read(): Fetched[] {
    const { limits } = this.#options;
    const readable = this.#order.filter((cursor) => this.#isReadable(cursor));
    const allowance: Allowance = { records: limits.pollRecordsMax, bytes: limits.pollBytesMax };
    const share = Math.min(limits.pollPartitionRecordsMax, Math.ceil(limits.pollRecordsMax / readable.length));
    const shareBytes = Math.ceil(limits.pollBytesMax / readable.length);
    const parts: Fetched[] = [];
    const served = new Set<Cursor>();
    for (const cursor of readable) {
      if (allowance.records <= 0 || allowance.bytes <= 0) break;
      const mine = { records: Math.min(share, allowance.records), bytes: Math.min(shareBytes, allowance.bytes) };
      const before = { ...mine };
      parts.push(this.#readPartition(cursor, mine));
      allowance.records -= before.records - mine.records;
      allowance.bytes -= before.bytes - mine.bytes;
      served.add(cursor);
    }
    // Without this the last ones would wait for ever when the first ones use the allowance up.
    if (served.size < readable.length) {
      this.#order = [...this.#order.filter((cursor) => !served.has(cursor)), ...served];
    }
    return parts;
  }

  #readPartition(cursor: Cursor, allowance: Allowance): Fetched {
    const { topic: name, partition } = cursor;
    const topic = existingWith(this.#options.store, cursor);
    const { start, end, opening } = topic.partitions[partition];
    const fromOffset = cursor.position;
    if (!Number.isInteger(cursor.position) || cursor.position < start || cursor.position > end) {
      cursor.halted = true;
      const outOfRange = { startOffset: start, endOffset: end };
      return { topic: name, partition, fromOffset, records: [], nextOffset: fromOffset, endOffset: end, outOfRange };
    }
    const records = this.#recall(cursor, { topic, allowance }) ?? this.#readRecords(cursor, { topic, allowance });
    if (topic.transient && records.length > 0) this.#options.onTransientRead(topic, partition);
    const known = opening === null ? {} : { leaderEpoch: opening };
    return { topic: name, partition, fromOffset, records, nextOffset: cursor.position, endOffset: end, ...known };
  }

  /** What another reader has just read from here on, as far as it is allowed; null if there is no such thing. */
  #recall(cursor: Cursor, { topic, allowance }: PartitionRead): readonly LogRecord[] | null {
    const { topic: name, partition, position: offset } = cursor;
    const portion = this.#options.recent.find(nameOf(name, partition), { topicId: versionOf(topic), offset });
    if (portion === null) return null;
    const { records } = portion;
    let count = 0;
    while (count < records.length && allowance.records > 0 && (allowance.bytes > 0 || count === 0)) {
      const { key, value } = records[count++];
      allowance.records--;
      allowance.bytes -= sizeOf(key) + sizeOf(value);
    }
    cursor.position = count < records.length ? records[count].offset : portion.nextOffset;
    return count < records.length ? records.slice(0, count) : records;
  }

  #readRecords(cursor: Cursor, { topic, allowance }: PartitionRead): readonly LogRecord[] {
    const { end } = topic.partitions[cursor.partition];
    const offset = cursor.position;
    const bytesLeft = allowance.bytes;
    const records: LogRecord[] = [];
    while (cursor.position < end && allowance.records > 0 && (allowance.bytes > 0 || records.length === 0)) {
      this.#readSome(cursor, { topic, allowance, records });
    }
    if (topic.transient !== null) return records;
    const bytes = bytesLeft - allowance.bytes + RECORD_BYTES * records.length;
    const portion = { offset, records, nextOffset: cursor.position, bytes };
    const nowMs = this.#options.clock.nowMs();
    this.#options.recent.keep(nameOf(cursor.topic, cursor.partition), { portion, topicId: versionOf(topic), nowMs });
    return records;
  }

  /** One statement: as many records as the allowance's bytes are likely to hold. */
  #readSome(cursor: Cursor, { topic, allowance, records }: PartitionRead & { records: LogRecord[] }): void {
    const { end, largest } = topic.partitions[cursor.partition];
    const likely = cursor.recordBytes === 0 ? FIRST_LIMIT : Math.ceil(allowance.bytes / cursor.recordBytes);
    const safe = Math.max(STATEMENT_RECORDS_MIN, LARGEST_SHARE * allowance.bytes / Math.max(1, largest));
    const limit = Math.max(1, Math.floor(Math.min(allowance.records, likely, safe)));
    const rows = this.#rows(topic, { partition: cursor.partition, from: cursor.position, to: end, limit });
    let bytes = 0;
    for (const [offset, timestampMs, key, value, headers = null] of rows) {
      records.push(
        headers === null ? { offset, timestampMs, key, value } : { offset, timestampMs, key, value, headers },
      );
      bytes += sizeOf(key) + sizeOf(value) + sizeOf(headers);
    }
    allowance.records -= rows.length;
    allowance.bytes -= bytes;
    if (rows.length > 0) cursor.recordBytes = Math.max(1, Math.ceil(bytes / rows.length));
    // Fewer than asked for: whatever lies between the last of them and the end is a gap.
    cursor.position = rows.length < limit ? end : rows[rows.length - 1][0] + 1;
  }

  #rows(topic: TopicState, range: { partition: number; from: number; to: number; limit: number }): StoredRecord[] {
    try {
      return this.#options.store.read(topic, range);
    } catch (error) {
      throw productionError(`read partition ${range.partition} of "${topic.name}" from ${range.from} on`, error);
    }
  }
}

interface PartitionRead {
  readonly topic: TopicState;
  readonly allowance: Allowance;
}

/** What was read of another version may be gone since, or never have been in this topic. */
function versionOf({ id, deletions }: TopicState): string {
  return `${id}/${deletions}`;
}

function nameOf(topic: string, partition: number): string {
  return `${partition}/${topic}`;
}

/** What every use of a closed log meets. */
export function closedLog(): ProductionError {
  return new ProductionError("Cannot use the embedded log: current value is closed. Open it again", {
    retriable: false,
  });
}
