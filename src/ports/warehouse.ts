import type { KeptAppend, KeptKey } from "./kept_key.ts";
import type { TableStorage } from "../record/table_storage.ts";
import type { TopicTable } from "./topic_table.ts";

/**
 * The Warehouse port: ClickHouse as the sink and as the memory of what is shown. For each sink it keeps
 *
 * - a table `<name>_rows`, ReplacingMergeTree(_version, _deleted) ORDER BY the key columns, with bookkeeping columns
 *   beside the declared ones: `_task`, `_key` (canonical key text), `_digest` (hash of the row as encoded),
 *   `_version` (epoch and seq in one UInt128, computed by ClickHouse from two EPHEMERAL columns), `_deleted`, `_check`
 *   (hash of the stored columns, computed at the insert, so that a later change by hand is seen);
 * - a view `<name>`: the rows FINAL without bookkeeping, or, for a table of shares, the shares added up per group.
 *
 * A topic may stand in the place of a table ({@link TableSpec.output}), which is kept in the log then.
 */
export interface ColumnSpec {
  readonly name: string;
  /** A ClickHouse type: `Int64`, `Decimal(18, 2)`, `Nullable(String)`, `DateTime64(6)`. */
  readonly type: string;
}

/** A total as the view shows it: the shares of all tasks, added up or compared, then cast to the declared type. */
export interface ViewColumn {
  readonly name: string;
  /** The declared ClickHouse type, which is often narrower than that of the shares. */
  readonly type: string;
  /** Numbers are compared by value, texts by their UTF-8 bytes. An average is cut, not rounded. */
  readonly kind: "sum" | "min" | "max" | "avg";
  /** Columns of the rows that hold the shares. */
  readonly shares: ShareColumns;
  /** Fraction digits of an average. */
  readonly scale: number;
}

/** Names of the columns that hold one total's shares. */
export interface ShareColumns {
  /** What is added up or compared. */
  readonly value: string;
  /** Of decimals that are added up: a second addend, for digits beyond the scale of `value`; 0 for nearly all rows. */
  readonly rest?: string;
  /** Of an average: the number of values. */
  readonly count?: string;
}

export interface TableSpec {
  /** Name of the view; the table is `<name>_rows`. */
  readonly name: string;
  /** Declared columns in the order in which rows are inserted. */
  readonly columns: readonly ColumnSpec[];
  /** Names of the columns that make up the key, in the key's order. */
  readonly key: readonly string[];
  /** True for a table of shares: several tasks hold a row of the same key, so `_task` is part of the sorting key. */
  readonly shares: boolean;
  /**
   * Set for a table of shares: the view shows the key and these, one row for each group. A group is set aside, which
   * means that the view leaves it out, while one of its totals is no value of its declared type, or while a task could
   * not write its share: it is never shown with a wrong total, and all other groups are.
   */
  readonly view?: readonly ViewColumn[];
  /** For a table of shares: the column that is 1 where a task could not write its share, else 0. */
  readonly refused?: string;
  /** Data skipping indexes: column name to index type (`minmax`, `set(100)`, `bloom_filter`). */
  readonly indexes?: Readonly<Record<string, string>>;
  /** How ClickHouse keeps it, if that is declared. */
  readonly storage?: TableStorage;
  /** Set for a topic in the place of a table: there are no columns, and lines are the values of its records. */
  readonly output?: TopicTable;
}

/**
 * A table to which rows are added and in which none is ever changed: `<name>_rows`, a MergeTree that remembers the
 * tokens of its last inserts, with bookkeeping columns that say which input a row was made of (`_source`, `_partition`,
 * `_offset`, and `_index` where one input makes several rows); and a view `<name>` without these.
 */
export interface AppendTableSpec {
  /** Name of the view; the table is `<name>_rows`. */
  readonly name: string;
  /** Declared columns in the order in which rows are inserted. */
  readonly columns: readonly ColumnSpec[];
  /** Names of the columns by which the rows are sorted. */
  readonly orderBy: readonly string[];
  /** A ClickHouse expression over the columns, as `toYYYYMM(at)`; one partition if absent. */
  readonly partitionBy?: string;
  /** A ClickHouse expression that is a time, as `toDateTime(at) + INTERVAL 90 DAY`: older rows are deleted. */
  readonly ttl?: string;
  /** Data skipping indexes: column name to index type. */
  readonly indexes?: Readonly<Record<string, string>>;
  readonly storage?: Pick<TableStorage, "codecs" | "projections" | "settings">;
}

/** Inputs of one partition of a source, from an offset to below another one. */
export interface InputRange {
  /** The topic, and which topic of that name it is. */
  readonly source: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Which input a row was made of, within its range. */
export interface InputPlace {
  readonly offset: number;
  /** Of several rows that one input makes, from 0. */
  readonly index: number;
}

/** A row of an append table; the line is as that of an {@link UpsertRow}. */
export interface AppendRow extends InputPlace {
  readonly line: Uint8Array;
}

/** Which rows of an append table are looked at. `expected`: what they should be, by their places. */
export interface KeptAppendsQuestion {
  readonly range: InputRange;
  readonly expected: readonly AppendRow[];
  readonly limit: number;
}

/** Rows that are added together. */
export interface AppendRows {
  readonly table: AppendTableSpec;
  readonly range: InputRange;
  /** In the order of their places. */
  readonly rows: readonly AppendRow[];
  /** Names this insert: another one of the same name adds nothing, as long as the table remembers it. */
  readonly token: string;
  /**
   * To be set when a call with this token may have been made before, by whomever: then it is looked which rows are
   * there, and those that are missing are added, under names made of the token. Without that a row could be lost: a
   * ClickHouse that ends in the middle may remember a name whose rows it has not. A call that is the first of its token
   * need not look.
   */
  readonly repeated?: true;
  /**
   * Time of {@link Warehouse.nowMs}, milliseconds since the epoch: what comes later adds nothing, however long it was
   * under way. What comes in time has ended {@link APPEND_EXECUTION_MS} behind it.
   */
  readonly deadlineMs: number;
}

/** Whether a table is there. */
export interface TablePresence {
  /**
   * Names the rows' table as it is: one that is made again has another id where ids are known. Null: there is none.
   */
  readonly id: string | null;
  /** Whether the view is there. */
  readonly view: boolean;
}

export interface EnsureReport {
  readonly created: boolean;
  /** Columns that were added to an existing table. */
  readonly added: readonly string[];
}

/**
 * Rows of one table. Every line is a JSON array (JSONCompactEachRow), as UTF-8, of the declared columns' values in
 * order, WITHOUT the closing bracket and without bookkeeping; the adapter appends those. Encoding once serves the
 * digest and the insert.
 */
export interface UpsertRow {
  readonly line: Uint8Array;
  readonly task: string;
  readonly key: string;
  readonly digest: number;
  readonly epoch: number;
  readonly seq: number;
}

/** A tombstone: `keyLine` is the JSON array of the key columns' values, without the closing bracket. */
export interface DeleteRow {
  readonly keyLine: string;
  readonly task: string;
  readonly key: string;
  readonly epoch: number;
  readonly seq: number;
}

export interface InsertBatch {
  readonly table: TableSpec;
  readonly upserts: readonly UpsertRow[];
  readonly deletes: readonly DeleteRow[];
}

/** What the table shows of one key written by one of the tasks asked for. */
export interface ShownRow {
  readonly task: string;
  readonly key: string;
  /** -1 when the stored columns no longer match the hash taken at the insert: changed by hand, to be written again. */
  readonly digest: number;
}

/** Rows of a task are divided here: those that it had written when this was its newest version, and later ones. */
export interface Watermark {
  readonly task: string;
  readonly epoch: number;
  readonly seq: number;
}

/** How many rows there are, and their digests added up. */
export interface RowSum {
  readonly rows: number;
  readonly digests: bigint;
}

/** What a task has written of one key after its watermark: the newest row, as it was inserted. */
export interface NewerRow {
  readonly task: string;
  readonly key: string;
  /** Null for a tombstone. */
  readonly digest: number | null;
}

/** A group that the view of a table of shares leaves out. */
export interface SetAsideGroup {
  /** Canonical key text. */
  readonly key: string;
  /** The first total that does not fit its column; null when a task could not write its share. */
  readonly column: string | null;
  /** That total as text, null for none; of an average before it is cut. */
  readonly total: string | null;
}

/** How many inserts of an append table are remembered by their tokens. */
export const APPEND_TOKENS = 10_000;

/** So long after it has begun, an insert into an append table adds nothing any more. */
export const APPEND_EXECUTION_MS = 60_000;

export interface Warehouse {
  /**
   * Creates table and view if missing; adds missing columns.
   * @throws ConfigError when the table has another shape, with the statement that would repair it
   */
  ensure(table: TableSpec): Promise<EnsureReport>;
  /** Which of these tables are there now, by name. One question about all of them. */
  present(tables: readonly Pick<TableSpec, "name" | "output">[]): Promise<Map<string, TablePresence>>;
  /**
   * Inserts all rows of the batch; resolves when ClickHouse has acknowledged them and the written count agrees.
   * Repeating a batch is harmless (same version, same row).
   * @throws ProductionError of reason `content` when a row of the batch cannot be stored: no other error may set a row
   * aside. Of reason `missing` when the table is gone. All others may pass: the same batch is tried again
   */
  insert(batch: InsertBatch): Promise<void>;
  /**
   * The rows shown now (newest version, not deleted) that any of `tasks` wrote, in chunks, in no order. All chunks are
   * of one state of the table. A question about one task costs as much as one about all. When it breaks off, chunks
   * that came before are worth nothing: the rows may have changed when it is asked again.
   */
  shown(table: TableSpec, tasks: readonly string[]): AsyncIterable<readonly ShownRow[]>;
  /**
   * By task: the sum of the rows that `shown` would give of it now and whose version is not above its watermark; of no
   * rows for a task that has none. Digests count as they were inserted: a row that was changed by hand is not noticed,
   * which would take as long as to read all rows.
   */
  summed(table: TableSpec, watermarks: readonly Watermark[]): Promise<Map<string, RowSum>>;
  /**
   * Rows and tombstones of these tasks above their watermarks, the newest of each key, in chunks, in no order. A
   * tombstone that was removed from the table is missing. All chunks are of one state of the table, which need not be
   * the one that `summed` has seen. When it breaks off, chunks that came before are worth nothing.
   */
  newer(table: TableSpec, watermarks: readonly Watermark[]): AsyncIterable<readonly NewerRow[]>;
  /** Rows shown now that were written by a task that is NOT in `tasks`; none that say of no task. */
  orphans(table: TableSpec, tasks: readonly string[]): AsyncIterable<readonly ShownRow[]>;
  /** Greatest epoch among all rows of each of `tasks`, deleted ones included; 0 when there is none. */
  greatestEpochs(table: TableSpec, tasks: readonly string[]): Promise<Map<string, number>>;
  /** The groups of a table of shares that its view leaves out now: how many, and at most `limit` of them. */
  setAside(table: TableSpec, limit: number): Promise<{ count: number; groups: readonly SetAsideGroup[] }>;
  /** What is held of one key, whoever wrote it. `keyLine`: as that of a {@link DeleteRow}. Not of a topic. */
  kept(table: TableSpec, keyLine: string): Promise<KeptKey>;
  /**
   * As {@link Warehouse.ensure}, of a table that rows are added to.
   * @throws ConfigError when the table has another shape, with the statement that would repair it
   */
  ensureAppend(table: AppendTableSpec): Promise<EnsureReport>;
  /**
   * Adds the rows in one INSERT, whatever their size; resolves when ClickHouse has acknowledged them. It adds them all
   * or none where the table has no partitions; else those of some partitions may be there alone after it failed.
   * Whether they are may not be known then, and an INSERT that was given up may still arrive; the call may be repeated,
   * and says so ({@link AppendRows.repeated}), as long as the table remembers its token: `APPEND_TOKENS` inserts, of
   * which one into several partitions counts as several.
   * @throws ProductionError as {@link Warehouse.insert}: of reason `content` nothing was added. Of reason `late` its
   * deadline was over: this INSERT adds nothing, nor does a later one under the same deadline
   */
  append(rows: AppendRows): Promise<void>;
  /** Places of the rows that are there of a range, in their order. A place that is there twice is given twice. */
  appended(table: AppendTableSpec, range: InputRange): Promise<InputPlace[]>;
  /** The rows that are there of a range, in the order of their places, at most `limit`, beside what they should be. */
  keptAppends(table: AppendTableSpec, question: KeptAppendsQuestion): Promise<KeptAppend[]>;
  /** Greatest offset of which a row is there; null if there is none of this partition. */
  lastAppended(table: AppendTableSpec, of: Pick<InputRange, "source" | "partition">): Promise<number | null>;
  /** The time by which {@link AppendRows.deadlineMs} is judged, whole milliseconds since the epoch. */
  nowMs(): Promise<number>;
  /** A read-only query; rows as objects, 64-bit integers as strings. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Resolves if the server answers. @throws ProductionError */
  ping(): Promise<void>;
  close(): Promise<void>;
}
