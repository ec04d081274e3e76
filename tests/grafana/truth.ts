import type { FilledLog, ProductRow } from "../../src/demo/mod.ts";

/**
 * What the dashboards should say of all time, made from PostgreSQL's rows by plain loops, without Weir and without SQL.
 */
export interface Truth {
  readonly revenueCents: number;
  readonly pieces: number;
  /** Orders that are not cancelled and have an item. */
  readonly orders: number;
  readonly allOrders: number;
  readonly cancelledOrders: number;
  readonly revenueCentsByCategory: Readonly<Record<string, number>>;
}

/** Folds the rows of a store. */
export function salesOf(store: FilledLog): Truth {
  const products = new Map<number, ProductRow>([...store.rows("products")].map((row) => [row.id, row]));
  const orders = new Map([...store.rows("orders")].map((row) => [row.id, row]));
  const sold = new Set<number>();
  const byCategory: Record<string, number> = {};
  let revenueCents = 0;
  let pieces = 0;
  for (const item of store.rows("order_items")) {
    const order = orders.get(item.order_id);
    const product = products.get(item.product_id);
    if (order === undefined || order.status === "cancelled" || product === undefined) continue;
    const category = JSON.parse(product.attributes)?.category;
    const amount = item.quantity * Math.round(Number(item.unit_price) * 100);
    const name = typeof category === "string" ? category : "other";
    byCategory[name] = (byCategory[name] ?? 0) + amount;
    revenueCents += amount;
    pieces += item.quantity;
    sold.add(order.id);
  }
  const cancelledOrders = [...orders.values()].filter((order) => order.status === "cancelled").length;
  return {
    revenueCents,
    pieces,
    orders: sold.size,
    allOrders: orders.size,
    cancelledOrders,
    revenueCentsByCategory: byCategory,
  };
}
