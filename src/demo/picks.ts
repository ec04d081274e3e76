import type { Rows, TableName } from "./schema.ts";
import type { Transaction } from "./transaction.ts";

/** What picking a row needs. */
export type Picker = Pick<Transaction, "choices" | "history" | "tables">;

/** Orders and items younger than this many ids are the ones that people still work on. */
const RECENT_IDS = 5_000;

/** Any row, all ids being equally likely; `undefined` when the table is empty. */
export function anyRow<T extends TableName>(tx: Picker, table: T): Rows[T] | undefined {
  const { firstIds, lastIds } = tx.history;
  return rowNear(tx, table, tx.choices.between(firstIds[table], lastIds[table]));
}

/** A row among the newest, the newest of all being the likeliest. */
export function recentRow<T extends TableName>(tx: Picker, table: T): Rows[T] | undefined {
  const { firstIds, lastIds } = tx.history;
  const window = Math.min(RECENT_IDS, lastIds[table] - firstIds[table]);
  const age = tx.choices.next();
  return rowNear(tx, table, lastIds[table] - Math.floor(age * age * window));
}

/** A row of which few are picked often and most seldom, as with goods that sell well. */
export function popularRow<T extends TableName>(tx: Picker, table: T): Rows[T] | undefined {
  const { firstIds, lastIds } = tx.history;
  const rank = tx.choices.next();
  return rowNear(tx, table, firstIds[table] + Math.floor(rank * rank * (lastIds[table] - firstIds[table])));
}

/** The oldest row. */
export function oldestRow<T extends TableName>(tx: Picker, table: T): Rows[T] | undefined {
  return rowNear(tx, table, tx.history.firstIds[table]);
}

/** Whether the shop leaves this product alone now. */
export function isSpared({ history: { spared = [], micros } }: Picker, productId: number): boolean {
  return spared.some(({ id, untilMicros }) => id === productId && micros < untilMicros);
}

/**
 * The row at `id` or the next one that was not deleted and may be changed; past the end the search goes on at the
 * beginning.
 */
export function rowNear<T extends TableName>(tx: Picker, table: T, id: number): Rows[T] | undefined {
  const rowFrom = (first: number) => {
    let row = tx.tables.atOrAfter(table, first);
    while (table === "products" && row !== undefined && isSpared(tx, row.id)) {
      row = tx.tables.atOrAfter(table, row.id + 1);
    }
    return row;
  };
  return rowFrom(id) ?? rowFrom(0);
}
