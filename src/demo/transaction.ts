import { changeEnvelope } from "./envelope.ts";
import { type Choices, choicesOf } from "./random.ts";
import type { FeedName, PerTable, Rows, TableName } from "./schema.ts";
import type { Tables } from "./tables.ts";
import { timestampText } from "./values.ts";

/** A product that the shop leaves alone for a while, as somebody looks after it. */
export interface SparedProduct {
  readonly id: number;
  /** Microseconds since the epoch; from then on it is a product like all others. */
  readonly untilMicros: number;
}

/** How far a store's history has come: with the rows, all that is needed to go on exactly as if nothing had stopped. */
export interface History {
  readonly seed: number;
  /** Transactions committed; the next one's number decides all its random choices. */
  transactions: number;
  /** Position in the write-ahead log; grows with every change. */
  lsn: number;
  /** Microseconds since the epoch of the last commit. */
  micros: number;
  /** Changes written: creates, updates and deletes; neither snapshot rows nor tombstones. */
  changes: number;
  /** Greatest id ever given out. */
  lastIds: PerTable;
  /** No row, or hardly any, has a smaller id: where random picks begin. */
  firstIds: PerTable;
  /** Rows now. */
  counts: PerTable;
  /** From these row counts on a row is removed for each one created. Items are bounded by their orders. */
  readonly rowsMax: PerTable;
  /** Those whose time is not over yet, or was not when the last one came. Not there in stores of earlier versions. */
  spared?: readonly SparedProduct[];
}

/** Takes one record of a topic; `value` null is the tombstone after a delete. */
export type EmitChange = (feed: FeedName, id: number, value: string | null, timestampMs: number) => void;

/** Where a transaction reads and writes. */
export interface TransactionScope {
  readonly tables: Tables;
  readonly emit: EmitChange;
  nowMs(): number;
  /** Whether what people do in the shop is told, too. */
  readonly events: boolean;
}

/**
 * One running transaction. Every write changes the tables and emits the change's records at once; there is no
 * roll-back.
 */
export interface Transaction {
  readonly choices: Choices;
  readonly history: History;
  readonly tables: Tables;
  /** PostgreSQL's `now()`: the begin of the transaction, in microseconds since the epoch. */
  readonly micros: number;
  /** The same as a timestamptz. */
  readonly now: string;
  newId(table: TableName): number;
  insert<T extends TableName>(table: T, row: Rows[T]): void;
  update<T extends TableName>(table: T, before: Rows[T], after: Rows[T]): void;
  delete<T extends TableName>(table: T, row: Rows[T]): void;
}

/** First transaction id of a new store: PostgreSQL's own have been used up by initdb and the tables' creation. */
export const FIRST_TRANSACTION_ID = 727;

/** Begins the next transaction of `history`, which moves on as the transaction writes. */
export function beginTransaction(history: History, scope: TransactionScope): Transaction {
  const { tables, emit } = scope;
  history.transactions++;
  const choices = choicesOf(history.seed, history.transactions);
  const micros = Math.max(Math.floor(scope.nowMs()) * 1000, history.micros) + choices.between(1, 40);
  const commitMicros = micros + choices.between(5, 15);
  history.micros = commitMicros;
  const txId = FIRST_TRANSACTION_ID + history.transactions;
  let firstLsn = 0;
  let handledMicros = commitMicros + choices.between(100, 900);

  const write = (table: TableName, id: number, texts: { before: string | null; after: string | null }): void => {
    // WAL records are aligned to eight bytes; beside the row itself they carry index entries and page images of any
    // size.
    history.lsn += 8 * choices.between(12, 300);
    history.changes++;
    if (firstLsn === 0) firstLsn = history.lsn;
    handledMicros += choices.between(3, 30);
    const handled = { micros: handledMicros, nanos: choices.between(0, 999) };
    const position = { txId, firstLsn, lsn: history.lsn, commitMicros, handled };
    const timestampMs = Math.floor(handledMicros / 1000);
    emit(table, id, changeEnvelope(table, { ...texts, position }), timestampMs);
    if (texts.after === null) emit(table, id, null, timestampMs);
  };

  return {
    choices,
    history,
    tables,
    micros,
    now: timestampText(micros),
    newId: (table) => ++history.lastIds[table],
    insert(table, row) {
      const text = JSON.stringify(row);
      tables.insert(table, row, text);
      history.counts[table]++;
      write(table, row.id, { before: null, after: text });
    },
    update(table, before, after) {
      const text = JSON.stringify(after);
      tables.update(table, before, after, text);
      write(table, after.id, { before: JSON.stringify(before), after: text });
    },
    delete(table, row) {
      tables.delete(table, row);
      history.counts[table]--;
      write(table, row.id, { before: JSON.stringify(row), after: null });
    },
  };
}
