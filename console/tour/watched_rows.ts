import { ask } from "../api/ask.ts";
import type { QueryResult, RepricedSale } from "../api/contract.ts";
import { shownTables } from "../state/tables.ts";

type Sale = RepricedSale["after"];

/** A value that depends on the price of one item: where it is shown, and what it is. */
export interface WatchedValue {
  readonly table: string;
  readonly what: string;
  /** Tables that the question reads. */
  readonly reads: readonly string[];
  readonly sql: (sale: Sale) => string;
}

/** Those that hardly anything else changes meanwhile: totals of all orders are not among them. */
const VALUES: readonly WatchedValue[] = [
  {
    table: "order_items",
    what: "the item's price, as in the shop",
    reads: ["order_items"],
    sql: ({ order_item_id }) => `SELECT unit_price FROM order_items WHERE id = ${order_item_id}`,
  },
  {
    table: "orders",
    what: "the order's total",
    reads: ["orders"],
    sql: ({ order_id }) => `SELECT total_amount FROM orders WHERE id = ${order_id}`,
  },
  {
    table: "sales",
    what: "what was paid for the item, joined with four tables",
    reads: ["sales"],
    sql: ({ order_item_id }) => `SELECT amount FROM sales WHERE order_item_id = ${order_item_id}`,
  },
  {
    table: "seller_revenue_by_hour",
    what: "the seller's revenue in that hour",
    reads: ["seller_revenue_by_hour", "sales"],
    sql: (sale) =>
      "SELECT revenue FROM seller_revenue_by_hour WHERE (seller_id, hour) IN " +
      `(SELECT seller_id, toDateTime64(toStartOfHour(placed_at, 'UTC'), 6) FROM sales WHERE ${itemOf(sale)})`,
  },
  {
    table: "product_performance",
    what: "the product's revenue on that day",
    reads: ["product_performance", "sales"],
    sql: (sale) =>
      "SELECT revenue FROM product_performance WHERE (product_id, day) IN " +
      `(SELECT product_id, toDate(placed_at, 'UTC') FROM sales WHERE ${itemOf(sale)})`,
  },
];

function itemOf({ order_item_id }: Sale): string {
  return `order_item_id = ${order_item_id}`;
}

/** Those of which the tables are there: topologies may be others than at the beginning. */
export function watchedValues(): readonly WatchedValue[] {
  const there = new Set(shownTables().map(({ name }) => name));
  return VALUES.filter(({ reads }) => reads.every((table) => there.has(table)));
}

/** What ClickHouse shows of them now, by table. @throws AskProblem */
export async function askValues(sale: Sale, signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const parts = watchedValues().map(({ table, sql }) =>
    `SELECT '${table}' AS place, toString((${sql(sale)} LIMIT 1)) AS value`
  );
  if (parts.length === 0) return {};
  const { rows } = await ask<QueryResult>("/api/query", { body: { sql: parts.join("\nUNION ALL\n") }, signal });
  return Object.fromEntries(rows.map(([place, value]) => [String(place), String(value ?? "no row")]));
}
