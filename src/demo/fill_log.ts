import type { Log } from "../ports/log.ts";
import { memoryTables } from "./memory_tables.ts";
import { FEEDS, type PerTable, type Rows, type TableName, TABLES } from "./schema.ts";
import { DEFAULT_SIZES, newHistory, ORDERS_MAX, seedRows, type StoreSizes } from "./seed_rows.ts";
import { snapshotEmitter } from "./snapshot.ts";
import { emitEvent } from "./visit.ts";
import { pastVisits } from "./visit_schedule.ts";
import { createTopics, partitionCounts, topicWriter } from "./topic_writer.ts";
import { runTransaction } from "./workload.ts";

/** Records handed to the log at once. */
const BATCH_RECORDS = 4_000;
/** 2026-01-01T00:00:00Z, unless told otherwise: a history must not depend on the day on which it is made. */
const START_MS = 1_767_225_600_000;

export interface FillLogOptions extends Partial<StoreSizes> {
  readonly log: Log;
  readonly seed: number;
  /** Changes after the snapshot: at least as many, up to the end of a transaction. */
  readonly changes: number;
  /** Of topics that do not exist yet; 6 if absent. */
  readonly partitions?: number;
  readonly ordersMax?: number;
  /** The instant at which the store begins, in milliseconds since the epoch. */
  readonly startMs?: number;
  /** Whether the topics of events are filled, too; false if absent. */
  readonly events?: boolean;
}

/** What was written, and the truth to which the topics fold. */
export interface FilledLog {
  /** Records appended: snapshot rows, changes and tombstones. */
  readonly records: number;
  readonly changes: number;
  readonly counts: PerTable;
  rows<T extends TableName>(table: T): Iterable<Rows[T]>;
}

/**
 * Writes a ready-made history into the five tables' topics: the snapshot of a store of the given sizes, then `changes`
 * changes; with `events` also what people do in the shop.
 * The same records as a {@link openDemoStore} of that seed and a clock that stands still at `startMs` writes, without
 * its file: rows live in memory, so nothing can be resumed.
 * @throws ProductionError when the log refuses: nothing is tried again
 */
export async function fillLog(options: FillLogOptions): Promise<FilledLog> {
  const { log, seed, partitions = 6, ordersMax = ORDERS_MAX, startMs = START_MS, events = false } = options;
  const feeds = events ? FEEDS : TABLES;
  const sizes = { ...DEFAULT_SIZES, ...given(options) };
  await createTopics(log, { partitions, feeds });
  const writer = topicWriter(await partitionCounts(log, feeds), (batches) => log.append(batches));
  let records = 0;
  const flushAt = async (least: number): Promise<void> => {
    if (writer.size() < least) return;
    records += writer.size();
    await writer.flush();
  };

  const tables = memoryTables();
  const history = newHistory(seed, { sizes, ordersMax, nowMs: startMs });
  seedRows(history, sizes, tables.insert);
  const emitterOf = snapshotEmitter(history, writer);
  for (const table of TABLES) {
    const emitter = emitterOf(table);
    for (const row of tables.rows(table)) {
      emitter.emit(row.id, JSON.stringify(row));
      await flushAt(BATCH_RECORDS);
    }
  }
  if (events) {
    for (const event of pastVisits(history, tables)) emitEvent(event, writer.emit);
    await flushAt(1);
  }
  const scope = { tables, emit: writer.emit, nowMs: () => startMs, events };
  while (history.changes < options.changes) {
    runTransaction(history, scope);
    await flushAt(BATCH_RECORDS);
  }
  await flushAt(1);
  return { records, changes: history.changes, counts: history.counts, rows: tables.rows };
}

/** The sizes that were given, without those that are absent or undefined. */
function given(options: FillLogOptions): Partial<StoreSizes> {
  const names = Object.keys(DEFAULT_SIZES) as (keyof StoreSizes)[];
  return Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
}
