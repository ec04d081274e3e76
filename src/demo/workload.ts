import * as catalogue from "./catalogue_transactions.ts";
import * as orders from "./order_transactions.ts";
import { anyRow } from "./picks.ts";
import { TABLES } from "./schema.ts";
import { beginTransaction, type History, type Transaction, type TransactionScope } from "./transaction.ts";
import * as users from "./user_transactions.ts";
import { emitEvent } from "./visit.ts";
import { visitsWith } from "./visit_schedule.ts";

/** What happens in the store, and how often: shares of all transactions, in any unit. */
const WORKLOAD: readonly (readonly [share: number, run: (tx: Transaction) => void])[] = [
  [140, orders.placeOrder],
  [380, orders.advanceOrder],
  [60, orders.changeQuantity],
  [20, orders.moveItem],
  [30, orders.deleteItem],
  [100, catalogue.changePrice],
  [60, catalogue.restock],
  [15, catalogue.moveProduct],
  [15, catalogue.createProduct],
  [7, catalogue.deleteProduct],
  [15, catalogue.renameSeller],
  [3, catalogue.createSeller],
  [2, catalogue.deleteSeller],
  [60, users.changeUser],
  [30, users.createUser],
  [12, users.deleteUser],
  [30, touchRow],
];

const SHARES = WORKLOAD.reduce((sum, [share]) => sum + share, 0);

/**
 * Runs the next transaction of a history: one to about a hundred and fifty changes, never none. Which one, and
 * everything in it, follows from the seed and the transaction's number, the rows, and the clock.
 */
export function runTransaction(history: History, scope: TransactionScope): void {
  const before = history.changes;
  const lastOrder = history.lastIds.orders;
  const tx = beginTransaction(history, scope);
  let ticket = tx.choices.next() * SHARES;
  for (const [share, run] of WORKLOAD) {
    ticket -= share;
    if (ticket >= 0) continue;
    run(tx);
    break;
  }
  if (history.changes === before) users.insertUser(tx);
  if (scope.events) { for (const event of visitsWith(tx, lastOrder)) emitEvent(event, scope.emit); }
}

/** An UPDATE that changes nothing: with REPLICA IDENTITY FULL it is sent with `before` equal to `after`. */
function touchRow(tx: Transaction): void {
  const table = tx.choices.pick(TABLES);
  const row = anyRow(tx, table);
  if (row !== undefined) tx.update(table, row, row);
}
