import { newUser, personName, phoneNumber } from "./new_rows.ts";
import { removeOrder } from "./order_transactions.ts";
import { anyRow } from "./picks.ts";
import type { Transaction } from "./transaction.ts";

/** A user with more orders than this is made inactive rather than deleted. */
const ORDERS_MAX = 20;

export function createUser(tx: Transaction): void {
  if (tx.history.counts.users >= tx.history.rowsMax.users) return deleteUser(tx);
  insertUser(tx);
}

/** Creates a user whatever the limits say: the one transaction that an empty store allows. */
export function insertUser(tx: Transaction): void {
  tx.insert("users", newUser(tx.choices, tx.newId("users"), tx.micros));
}

export function changeUser(tx: Transaction): void {
  const user = anyRow(tx, "users");
  if (user === undefined) return;
  const changed = tx.choices.chance(0.5)
    ? { full_name: personName(tx.choices) }
    : { phone: tx.choices.chance(0.2) ? null : phoneNumber(tx.choices) };
  tx.update("users", user, { ...user, ...changed, updated_at: tx.now });
}

/** Deletes a user with all orders and their items, children first. */
export function deleteUser(tx: Transaction): void {
  const user = anyRow(tx, "users");
  if (user === undefined) return;
  const orders = tx.tables.children(["orders", "user_id"], user.id, ORDERS_MAX + 1);
  if (orders.length > ORDERS_MAX) {
    return tx.update("users", user, { ...user, is_active: !user.is_active, updated_at: tx.now });
  }
  for (const id of orders) removeOrder(tx, tx.tables.get("orders", id)!);
  tx.delete("users", user);
}
