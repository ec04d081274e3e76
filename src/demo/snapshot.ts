import type { DatabaseSync } from "node:sqlite";
import type { Log } from "../ports/log.ts";
import { ConfigError } from "../record/errors.ts";
import { snapshotEnvelope, snapshotMarker } from "./envelope.ts";
import { TABLES, topicOf } from "./schema.ts";
import { snapshotTransactionId } from "./seed_rows.ts";
import type { StoreState } from "./store_file.ts";
import { rowChunks } from "./store_view.ts";
import type { TopicWriter } from "./topic_writer.ts";
import type { History } from "./transaction.ts";

/** Records handed to the log at once. */
const BATCH_RECORDS = 4_000;

/** Rows sent so far, and in all. */
export type OnProgress = (rows: number, rowsTotal: number) => void;

/** What the rows of one table need to become `r` envelopes, one after the other. */
export interface SnapshotEmitter {
  emit(id: number, text: string): void;
}

/**
 * Makes the `r` envelopes of a whole snapshot: to be given every row of every table, tables in the order of `TABLES`,
 * ids ascending. All of them carry one LSN, transaction and source time.
 */
export function snapshotEmitter(
  history: History,
  writer: TopicWriter,
): (table: (typeof TABLES)[number]) => SnapshotEmitter {
  const filled = TABLES.filter((table) => history.counts[table] > 0);
  const commitMicros = history.micros;
  const txId = snapshotTransactionId(history);
  let rows = 0;
  return (table) => {
    const place = { firstTable: table === filled[0], lastTable: table === filled[filled.length - 1] };
    const count = history.counts[table];
    let index = 0;
    return {
      emit(id, text) {
        const marker = snapshotMarker({ ...place, first: index === 0, last: index === count - 1 });
        index++;
        rows++;
        const handled = { micros: commitMicros + 500 + rows * 7, nanos: (rows * 373) % 1000 };
        const position = { txId, firstLsn: history.lsn, lsn: history.lsn, commitMicros, handled };
        writer.emit(
          table,
          id,
          snapshotEnvelope(table, { after: text, marker, position }),
          Math.floor(handled.micros / 1000),
        );
      },
    };
  };
}

/** Reads every row of the file and sends it as Debezium's initial snapshot does. Nothing else may write meanwhile. */
export async function sendSnapshot(
  db: DatabaseSync,
  history: History,
  options: { writer: TopicWriter; breathe: () => Promise<void>; onProgress?: OnProgress },
): Promise<void> {
  const { writer, breathe, onProgress } = options;
  const emitterOf = snapshotEmitter(history, writer);
  const total = TABLES.reduce((sum, table) => sum + history.counts[table], 0);
  let sent = 0;
  for (const table of TABLES) {
    const emitter = emitterOf(table);
    for (const rows of rowChunks(db, { table, rowsMax: BATCH_RECORDS })) {
      for (const { id, after } of rows) emitter.emit(id, after);
      await writer.flush();
      sent += rows.length;
      onProgress?.(sent, total);
      await breathe();
    }
  }
}

/**
 * Whether rows must be sent, in the sense of `snapshot.mode=when_needed`.
 * @throws ConfigError when this store never sent anything and a topic holds records all the same
 */
export async function snapshotNeeded(log: Log, state: StoreState): Promise<boolean> {
  if (state.snapshot === "started") return true;
  const filled: string[] = [];
  let emptied = false;
  for (const table of TABLES) {
    const { end } = await log.offsets(topicOf(table));
    if (end.some((offset) => offset > 0)) filled.push(topicOf(table));
    else if (state.history.counts[table] > 0) emptied = true;
  }
  if (state.snapshot === "done") return emptied;
  if (filled.length === 0) return true;
  throw new ConfigError(
    filled.map((topic) =>
      `Cannot fill "${topic}" as a new demo store: current value is a topic with records. ` +
      "Remove the five topics online_store.public.*, or bring back the store's file that wrote them"
    ),
  );
}
