import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { NewTopic, TopicChanges } from "../../ports/log.ts";
import { LOG_PRAGMAS, LOG_SCHEMA, LOG_UPGRADES, LOG_VERSION, TABLES_BY_TOPIC } from "./log_schema.ts";
import type { ReadRange, StoredKey, StoredRecord } from "./stored_records.ts";
import { LogOpenings } from "./log_openings.ts";
import { LogPositions } from "./log_positions.ts";
import { insertSql, type RecordInsert } from "./record_inserts.ts";
import { inTransaction, openDatabase } from "../local/sqlite.ts";
import { type TransientRecords, transientRecords } from "./transient_records.ts";

/**
 * What is known of a partition without asking SQLite. Changed only after the transaction that changes the table has
 * succeeded.
 */
export interface PartitionState {
  readonly partition: number;
  /** Oldest offset that can be read. */
  start: number;
  /** Offset of the next record. */
  end: number;
  /** Below this offset every key occurs once. */
  compactedTo: number;
  /** Records below `compactedTo` when compaction last passed; tombstones count for a part of one. */
  live: number;
  /** The opening of the file that wrote to it last; null if that is not known. */
  opening: number | null;
  /** Size of the largest record ever written, which bounds what a read of n records may bring into memory. */
  largest: number;
}

/** What is known of a topic without asking SQLite. */
export interface TopicState {
  /** Never given to another topic. */
  readonly rowId: number;
  readonly name: string;
  /** Random; tells a topic from a later one of the same name. */
  readonly id: string;
  readonly compacted: boolean;
  retentionMs: number;
  /** Null: the log's limit. */
  messageBytesMax: number | null;
  readonly deleteRetentionMs: number;
  readonly partitions: readonly PartitionState[];
  /** For each partition: its records, if they live in memory. */
  readonly transient: readonly TransientRecords[] | null;
  /** Whether a record of it has headers, or once had. */
  headers: boolean;
  /** True once it is gone: work in slices that holds this state must end. */
  deleted: boolean;
  /** Grows whenever records of it are deleted. */
  deletions: number;
}

/** Up to which offset a pass of compaction had cleaned, and when: from then on its tombstones' time runs. */
export interface Cleaning {
  readonly toOffset: number;
  readonly cleanedAtMs: number;
}

/** Long enough for a process that is just closing the file. */
const LOCK_WAIT_MS = 250;

const WHERE = `topic = ? AND partition = ? AND "offset" >= ? AND "offset" < ?`;

/**
 * The log's tables. Every method is synchronous and short; those that write are to be called inside
 * {@link LogStore.transaction}, and the states in memory are the caller's to change once it has succeeded.
 */
export class LogStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #topics = new Map<string, TopicState>();
  readonly openings: LogOpenings;
  readonly positions: LogPositions;
  /** @throws ConfigError */
  constructor(path: string) {
    this.#database = openDatabase({
      path,
      schema: LOG_SCHEMA,
      pragmas: LOG_PRAGMAS,
      version: LOG_VERSION,
      upgrades: LOG_UPGRADES,
      lockWaitMs: LOCK_WAIT_MS,
    });
    this.openings = new LogOpenings(this.#database);
    this.positions = new LogPositions(this.#database);
    this.#removeDeletedTopics();
    const transient = new Set(this.#prepare("SELECT topic FROM transient_topics").all().map((row) => row.topic));
    const headed = new Set(this.#prepare("SELECT topic FROM header_topics").all().map((row) => row.topic));
    const limits = new Map(
      this.#prepare("SELECT * FROM message_limits").all().map((row) => [row.topic, Number(row.message_bytes_max)]),
    );
    for (const row of this.#prepare("SELECT * FROM topics").all()) {
      const partitions = this.#loadPartitions(Number(row.row_id));
      this.#topics.set(String(row.name), {
        rowId: Number(row.row_id),
        name: String(row.name),
        id: String(row.id),
        compacted: row.compacted === 1,
        retentionMs: Number(row.retention_ms),
        messageBytesMax: limits.get(row.row_id) ?? null,
        deleteRetentionMs: Number(row.delete_retention_ms),
        partitions,
        transient: transient.has(row.row_id) ? transientRecords(partitions) : null,
        headers: headed.has(row.row_id),
        deleted: false,
        deletions: 0,
      });
    }
  }

  topic(name: string): TopicState | undefined {
    return this.#topics.get(name);
  }

  topics(): TopicState[] {
    return [...this.#topics.values()];
  }

  /** All of `work` or nothing. */
  transaction<T>(work: () => T): T {
    return inTransaction(this.#database, work);
  }

  createTopic(topic: NewTopic, deleteRetentionMs: number): TopicState {
    const id = crypto.randomUUID();
    const rowId = this.transaction(() => {
      const { lastInsertRowid } = this.#prepare(
        "INSERT INTO topics (name, id, compacted, retention_ms, delete_retention_ms) VALUES (?, ?, ?, ?, ?)",
      ).run(topic.name, id, topic.cleanup === "compact" ? 1 : 0, topic.retentionMs, deleteRetentionMs);
      for (let partition = 0; partition < topic.partitions; partition++) {
        this.#prepare("INSERT INTO partitions (topic, partition) VALUES (?, ?)").run(lastInsertRowid, partition);
      }
      if (topic.transient) this.#prepare("INSERT INTO transient_topics VALUES (?)").run(lastInsertRowid);
      if (topic.messageBytesMax !== undefined) {
        this.#prepare("INSERT INTO message_limits VALUES (?, ?)").run(lastInsertRowid, topic.messageBytesMax);
      }
      return Number(lastInsertRowid);
    });
    const partitions = this.#loadPartitions(rowId);
    const state: TopicState = {
      rowId,
      name: topic.name,
      id,
      compacted: topic.cleanup === "compact",
      retentionMs: topic.retentionMs,
      messageBytesMax: topic.messageBytesMax ?? null,
      deleteRetentionMs,
      partitions,
      transient: topic.transient ? transientRecords(partitions) : null,
      headers: false,
      deleted: false,
      deletions: 0,
    };
    this.#topics.set(topic.name, state);
    return state;
  }

  alterTopic(topic: TopicState, { retentionMs, messageBytesMax }: TopicChanges): void {
    this.transaction(() => {
      this.#prepare("UPDATE topics SET retention_ms = ? WHERE row_id = ?").run(retentionMs, topic.rowId);
      this.#prepare("INSERT OR REPLACE INTO message_limits VALUES (?, ?)").run(topic.rowId, messageBytesMax);
    });
    Object.assign(topic, { retentionMs, messageBytesMax });
  }

  deleteTopic(topic: TopicState): void {
    this.transaction(() => {
      this.#prepare("UPDATE topics SET name = NULL WHERE row_id = ?").run(topic.rowId);
      this.positions.forget(topic.name);
    });
    topic.deleted = true;
    this.#topics.delete(topic.name);
    this.#removeDeletedTopics();
  }

  insert(insert: RecordInsert): void {
    this.#prepare(insertSql(insert)).run(...insert.values);
  }

  /** Notes that a record of the topic has headers. */
  saveHeaders({ rowId }: TopicState): void {
    this.#prepare("INSERT OR IGNORE INTO header_topics VALUES (?)").run(rowId);
  }

  saveEnd(topic: TopicState, partition: Pick<PartitionState, "partition" | "end" | "largest">): void {
    this.#prepare("UPDATE partitions SET end_offset = ?, largest = ? WHERE topic = ? AND partition = ?")
      .run(partition.end, partition.largest, topic.rowId, partition.partition);
  }

  saveStart(topic: TopicState, { partition, start }: Pick<PartitionState, "partition" | "start">): void {
    if (topic.transient) return;
    this.#prepare("UPDATE partitions SET start_offset = ? WHERE topic = ? AND partition = ?").run(
      start,
      topic.rowId,
      partition,
    );
  }

  /** At most `limit` records from `from` up to, without, `to`, in the order of offsets. */
  read(topic: TopicState, { partition, from, to, limit }: ReadRange): StoredRecord[] {
    if (topic.transient) return topic.transient[partition].read({ from, to, limit });
    const columns = `"offset", timestamp_ms, key, value${topic.headers ? ", headers" : ""}`;
    const sql = `SELECT ${columns} FROM records WHERE ${WHERE} ORDER BY "offset" LIMIT ?`;
    return this.#prepareArrays(sql).all(topic.rowId, partition, from, to, limit) as unknown as StoredRecord[];
  }

  /** As {@link LogStore.read}, without values. */
  readKeys(topic: TopicState, { partition, from, to, limit }: ReadRange): StoredKey[] {
    if (topic.transient) return topic.transient[partition].readKeys({ from, to, limit });
    const sql =
      `SELECT "offset", timestamp_ms, key, value IS NULL FROM records WHERE ${WHERE} ORDER BY "offset" LIMIT ?`;
    return this.#prepareArrays(sql).all(topic.rowId, partition, from, to, limit) as unknown as StoredKey[];
  }

  /** Deletes the records from `from` up to, without, `to`, and tells how many there were. */
  deleteRange(topic: TopicState, { partition, from, to }: Omit<ReadRange, "limit">): number {
    topic.deletions++;
    if (topic.transient) return topic.transient[partition].dropBefore(to);
    return Number(this.#prepare(`DELETE FROM records WHERE ${WHERE}`).run(topic.rowId, partition, from, to).changes);
  }

  /** Oldest first. */
  cleanings(topic: TopicState, partition: number): Cleaning[] {
    const sql = "SELECT to_offset, cleaned_at_ms FROM cleanings WHERE topic = ? AND partition = ? ORDER BY to_offset";
    return this.#prepare(sql).all(topic.rowId, partition)
      .map((row) => ({ toOffset: Number(row.to_offset), cleanedAtMs: Number(row.cleaned_at_ms) }));
  }

  /**
   * Notes that a pass has cleaned up to `compactedTo`; `cleaning` if it left tombstones, and forgets those up to
   * `forgetTo`.
   */
  saveCompaction(topic: TopicState, { partition, compactedTo, live, cleaning, forgetTo }: CompactionDone): void {
    this.#prepare("UPDATE partitions SET compacted_to = ?, live = ? WHERE topic = ? AND partition = ?")
      .run(compactedTo, live, topic.rowId, partition);
    this.#prepare("DELETE FROM cleanings WHERE topic = ? AND partition = ? AND to_offset <= ?")
      .run(topic.rowId, partition, forgetTo);
    if (cleaning) {
      this.#prepare("INSERT OR IGNORE INTO cleanings VALUES (?, ?, ?, ?)")
        .run(topic.rowId, partition, cleaning.toOffset, cleaning.cleanedAtMs);
    }
  }

  close(): void {
    this.#database.close();
  }

  #loadPartitions(rowId: number): PartitionState[] {
    return this.#prepare("SELECT * FROM partitions WHERE topic = ? ORDER BY partition").all(rowId).map((row) => ({
      partition: Number(row.partition),
      start: Number(row.start_offset),
      end: Number(row.end_offset),
      compactedTo: Number(row.compacted_to),
      live: Number(row.live),
      opening: this.openings.last(rowId, Number(row.partition)),
      largest: Number(row.largest),
    }));
  }

  #removeDeletedTopics(): void {
    for (const { row_id } of this.#prepare("SELECT row_id FROM topics WHERE name IS NULL").all()) {
      this.transaction(() => {
        for (const table of TABLES_BY_TOPIC) {
          this.#prepare(`DELETE FROM ${table} WHERE topic = ?`).run(row_id);
        }
        this.#prepare("DELETE FROM topics WHERE row_id = ?").run(row_id);
      });
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#database.prepare(sql));
    return statement;
  }

  /** Rows as arrays: reading is twice as fast as with objects. */
  #prepareArrays(sql: string): StatementSync {
    // The method is Node's, and Deno has it too; only Deno's types do not say so yet.
    const statement = this.#prepare(sql) as StatementSync & { setReturnArrays(enabled: boolean): void };
    statement.setReturnArrays(true);
    return statement;
  }
}

/** What a finished pass of compaction leaves behind. */
export interface CompactionDone {
  readonly partition: number;
  readonly compactedTo: number;
  readonly live: number;
  readonly cleaning: Cleaning | undefined;
  readonly forgetTo: number;
}
