import type { Fetched, Log, LogRecord } from "../../ports/log.ts";
import type { TopicTable } from "../../ports/topic_table.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import { partitionOf } from "../../record/partitioner.ts";
import { WriterOrder } from "../../record/writer_order.ts";
import { digestOfValue, isNewer, rowKey, type RowMark, rowMark, textOfKey } from "../../record/row_record.ts";

const POLL_MS = 500;
/**
 * A digest of no row, for the newest version where somebody of an earlier epoch wrote late: compaction removes what is
 * hidden then, and readers may know it, so that it must be written again whatever it was.
 */
const HIDDEN = -2;

/** What a topic has of one key: its newest version, and what the record says that stands last. */
export interface KeyState extends RowMark {
  /** Digest of the newest version; null for a tombstone. That of no row where an earlier epoch's record hides it. */
  readonly newest: number | null;
  /** Digest of the last record, which is what compaction leaves and others take for the row; null for a tombstone. */
  readonly last: number | null;
}

/**
 * What a topic of rows shows, read from its first record: by key the newest version, and the last record, which is
 * another one where somebody wrote late. Kept for as long as it is asked for ({@link TopicTables.release}).
 */
export class TopicIndex {
  readonly #log: Pick<Log, "offsets" | "reader">;
  readonly #table: TopicTable;
  readonly #keys = new Map<string, KeyState>();
  /** By task and partition: the greatest epoch so far. Behind a record of it, one of an earlier epoch is late. */
  readonly #epochs = new Map<string, number>();
  /** Where the topology itself reads the topic: what comes late there. */
  readonly #order: WriterOrder | null;
  /** Next offsets to read, by partition. */
  readonly #positions: number[] = [];
  readonly #stopped: () => boolean;

  constructor(table: TopicTable, { log, stopped }: {
    readonly log: Pick<Log, "offsets" | "reader">;
    readonly stopped: () => boolean;
  }) {
    this.#table = table;
    this.#order = table.changes ? new WriterOrder() : null;
    this.#log = log;
    this.#stopped = stopped;
  }

  /** All keys that the topic has, as of the last {@link catchUp}. */
  states(): KeyState[] {
    return [...this.#keys.values()];
  }

  /**
   * Reads to the end that the topic has now.
   * @throws ProductionError when the log does not answer. @throws ConfigError for records that cannot be this table's
   */
  async catchUp(): Promise<void> {
    const { topic } = this.#table;
    const { start, end } = await this.#log.offsets(topic);
    const left = new Set<number>();
    const reader = this.#log.reader();
    try {
      for (const [partition, last] of end.entries()) {
        const from = Math.max(this.#positions[partition] ?? 0, start[partition]);
        this.#positions[partition] = from;
        if (from >= last) continue;
        left.add(partition);
        reader.seek(topic, partition, from);
      }
      while (left.size > 0) {
        for (const part of await reader.poll(POLL_MS)) {
          this.#take(part, end.length);
          if (part.nextOffset < end[part.partition]) continue;
          left.delete(part.partition);
          reader.stop(topic, part.partition);
        }
        if (this.#stopped()) throw new ProductionError(`Stopped reading "${topic}"`, { retriable: true });
      }
    } finally {
      await reader.close();
    }
  }

  #take({ partition, records, nextOffset, problem, outOfRange }: Fetched, partitions: number): void {
    if (problem !== undefined) throw new ProductionError(problem, { retriable: true });
    if (outOfRange !== undefined) {
      throw new ProductionError(`The start of topic "${this.#table.topic}" has moved`, { retriable: true });
    }
    for (const record of records) this.#takeRecord(record, { partition, partitions });
    this.#positions[partition] = nextOffset;
  }

  #takeRecord(record: LogRecord, { partition, partitions }: { partition: number; partitions: number }): void {
    if (record.key === null) return;
    const key = textOfKey(record.key);
    const known = this.#keys.get(key);
    const mark = rowMark(record.headers);
    const last = digestOfValue(record.value);
    if (mark === null) {
      // Of others: where nothing tells of which row it is, it is left alone, as what Kafka has of other programs.
      if (known !== undefined) this.#keys.set(key, { ...known, last });
      return;
    }
    const { topic } = this.#table;
    if (rowKey(this.#table, mark.key) !== key || partitionOf(key, partitions) !== partition) {
      throw new ConfigError([
        `Cannot write table to topic "${topic}": partition ${partition}, offset ${record.offset} has the key ${key}, ` +
        `which is written in another form, or to another partition, now. Write to another topic, or delete this one`,
      ]);
    }
    const isLate = this.#isLate(mark, partition);
    if (known === undefined || !isNewer(known, mark)) {
      this.#keys.set(key, { ...mark, newest: isLate ? HIDDEN : last, last });
    } else this.#keys.set(key, { ...known, newest: isLate ? HIDDEN : known.newest, last });
  }
  #isLate(mark: RowMark, partition: number): boolean {
    // What readers of changes take for late hides what they know, whatever it says.
    if (this.#order !== null) return this.#order.isLate({ ...mark, partition });
    const place = `${mark.task}/${partition}`;
    const isLate = mark.epoch < (this.#epochs.get(place) ?? 0);
    if (!isLate) this.#epochs.set(place, mark.epoch);
    return isLate;
  }
}
