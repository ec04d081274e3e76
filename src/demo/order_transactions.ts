import { deliveryDay, orderNote, shippingAddress } from "./new_rows.ts";
import { anyRow, oldestRow, popularRow, recentRow } from "./picks.ts";
import type { Choices } from "./random.ts";
import type { OrderItemRow, OrderRow } from "./schema.ts";
import type { Transaction } from "./transaction.ts";
import { centsOf, moneyText } from "./values.ts";

/** Items of a new order. */
const ITEMS_MAX = 6;
/** Tries to find an order whose status still changes. */
const PICKS_MAX = 3;

/** What an item adds to its order's total, in cents. */
export function itemCents(item: OrderItemRow): number {
  return item.quantity * centsOf(item.unit_price) - (item.discount === null ? 0 : centsOf(item.discount));
}

/** An item's discount: less than one unit's price, so that no item is worth less than nothing. */
export function discountText(choices: Choices, unitCents: number): string | null {
  if (choices.chance(0.1)) return null;
  return choices.chance(0.75) ? "0.00" : moneyText(choices.between(1, Math.min(99_999, Math.floor(unitCents / 5))));
}

/** A buyer orders one to six goods: the order and its items appear in one transaction. */
export function placeOrder(tx: Transaction): void {
  const { choices, now } = tx;
  if (tx.history.counts.orders >= tx.history.rowsMax.orders) return archiveOrder(tx);
  const user = anyRow(tx, "users");
  if (user === undefined) return;
  const order_id = tx.newId("orders");
  const items: OrderItemRow[] = [];
  for (let wanted = choices.between(1, ITEMS_MAX); wanted > 0; wanted--) {
    const product = popularRow(tx, "products");
    if (product === undefined) return;
    const quantity = choices.chance(0.7) ? 1 : choices.between(2, 5);
    const discount = discountText(choices, centsOf(product.price));
    const prices = { quantity, unit_price: product.price, discount };
    items.push({
      id: tx.newId("order_items"),
      order_id,
      product_id: product.id,
      ...prices,
      created_at: now,
      updated_at: now,
    });
  }
  tx.insert("orders", {
    id: order_id,
    user_id: user.id,
    status: "pending",
    total_amount: moneyText(items.reduce((cents, item) => cents + itemCents(item), 0)),
    currency: "USD",
    shipping_address: shippingAddress(choices),
    note: orderNote(choices),
    placed_at: now,
    delivered_on: null,
    created_at: now,
    updated_at: now,
  });
  for (const item of items) tx.insert("order_items", item);
}

/**
 * An order goes one step further: paid, shipped, delivered; at times cancelled or refunded. Delivery earns the buyer
 * points.
 */
export function advanceOrder(tx: Transaction): void {
  for (let picks = 1; picks <= PICKS_MAX; picks++) {
    const order = recentRow(tx, "orders");
    if (order === undefined) return;
    // Where nothing is under way any more somebody still writes a note.
    const next = nextStatus(tx, order) ?? (picks === PICKS_MAX ? { note: orderNote(tx.choices) } : null);
    if (next === null) continue;
    tx.update("orders", order, { ...order, ...next, updated_at: tx.now });
    if (next.status === "delivered" && tx.choices.chance(0.3)) {
      const user = tx.tables.get("users", order.user_id)!;
      const earned = Math.floor(centsOf(order.total_amount) / 1000);
      tx.update("users", user, { ...user, loyalty_points: user.loyalty_points + earned, updated_at: tx.now });
    }
    return;
  }
}

function nextStatus(tx: Transaction, order: OrderRow): Partial<OrderRow> | null {
  switch (order.status) {
    case "pending":
      return { status: tx.choices.chance(0.1) ? "cancelled" : "paid" };
    case "paid":
      return { status: tx.choices.chance(0.05) ? "cancelled" : "shipped" };
    case "shipped":
      return { status: "delivered", delivered_on: deliveryDay(tx.choices, tx.micros) };
    case "delivered":
      return tx.choices.chance(0.05) ? { status: "refunded" } : null;
    case "cancelled":
    case "refunded":
      return null;
  }
}

/** A buyer wants more or less of something: the item and its order's total change together. */
export function changeQuantity(tx: Transaction): void {
  const item = recentRow(tx, "order_items");
  if (item === undefined) return;
  const changed = { ...item, quantity: tx.choices.between(1, 8), updated_at: tx.now };
  tx.update("order_items", item, changed);
  addToTotal(tx, item.order_id, itemCents(changed) - itemCents(item));
}

/** An item was sold at another price than was thought: it and its order's total change together. */
export function changeUnitPrice(
  tx: Transaction,
  item: OrderItemRow,
  { unitPrice }: { readonly unitPrice: string },
): void {
  const changed = { ...item, unit_price: unitPrice, updated_at: tx.now };
  tx.update("order_items", item, changed);
  addToTotal(tx, item.order_id, itemCents(changed) - itemCents(item));
}

/** An item moves to another order; both totals follow. */
export function moveItem(tx: Transaction): void {
  const item = recentRow(tx, "order_items");
  const target = recentRow(tx, "orders");
  if (item === undefined || target === undefined || target.id === item.order_id) return;
  tx.update("order_items", item, { ...item, order_id: target.id, updated_at: tx.now });
  addToTotal(tx, item.order_id, -itemCents(item));
  addToTotal(tx, target.id, itemCents(item));
}

/** An item is taken out of its order; an order that loses its last item is cancelled. */
export function deleteItem(tx: Transaction): void {
  const item = recentRow(tx, "order_items");
  if (item !== undefined) removeItem(tx, item);
}

/** Deletes an item and takes it off its order's total. */
export function removeItem(tx: Transaction, item: OrderItemRow): void {
  tx.delete("order_items", item);
  addToTotal(tx, item.order_id, -itemCents(item));
}

function addToTotal(tx: Transaction, orderId: number, cents: number): void {
  const order = tx.tables.get("orders", orderId)!;
  const emptied = tx.tables.children(["order_items", "order_id"], orderId, 1).length === 0;
  const status = emptied ? "cancelled" : order.status;
  const total_amount = moneyText(centsOf(order.total_amount) + cents);
  tx.update("orders", order, { ...order, status, total_amount, updated_at: tx.now });
}

/** Deletes an order and, as its foreign key demands before it, all its items. */
export function removeOrder(tx: Transaction, order: OrderRow): void {
  for (const id of tx.tables.children(["order_items", "order_id"], order.id, Infinity)) {
    tx.delete("order_items", tx.tables.get("order_items", id)!);
  }
  tx.delete("orders", order);
}

/** Deletes the oldest order with its items: what keeps a store that runs for days at one size. */
function archiveOrder(tx: Transaction): void {
  const order = oldestRow(tx, "orders");
  if (order === undefined) return;
  const { firstIds } = tx.history;
  const [oldestItem] = tx.tables.children(["order_items", "order_id"], order.id, 1);
  removeOrder(tx, order);
  firstIds.orders = order.id + 1;
  // Its other items may have come from younger orders.
  if (oldestItem !== undefined) firstIds.order_items = Math.max(firstIds.order_items, oldestItem);
}
