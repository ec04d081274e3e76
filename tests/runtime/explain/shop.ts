import { z } from "zod";
import { clickhouse, count, debezium, Decimal, int8, numeric, sum, topology } from "../../../src/mod.ts";
import { computeSinks } from "../../../src/oracle/oracle.ts";
import type { TopologyTestDriver } from "../../../src/testing/mod.ts";

export const orders = debezium("shop.public.orders", {
  key: ["id"],
  row: z.object({ id: int8(), customer_id: int8().nullable(), status: z.string() }),
});
export const items = debezium("shop.public.items", {
  key: ["id"],
  row: z.object({ id: int8(), order_id: int8().nullable(), price: numeric(10, 2) }),
});
const customers = debezium("shop.public.customers", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string() }),
});

export const placed = clickhouse("placed", { key: ["id"], columns: { id: "Int64", status: "String" } });
export const sold = clickhouse("sold", {
  key: ["item_id"],
  columns: { item_id: "Int64", order_id: "Int64", price: "Decimal(10, 2)", customer: "Nullable(String)" },
});
export const revenue = clickhouse("revenue", {
  key: ["order_id"],
  columns: { order_id: "Int64", items: "Int64", revenue: "Decimal(18, 2)" },
});
export const byStatus = clickhouse("by_status", { key: ["status"], columns: { status: "String", order_id: "Int64" } });

/** Items with their orders and these with their customers; a price below zero cannot be worked on. */
export const shop = topology("shop", (builder) => {
  const open = builder.table(orders).filter(({ status }) => status !== "cancelled");
  open.mapValues(({ id, status }) => ({ id, status })).to(placed);
  const people = builder.globalTable(customers);
  const facts = builder.table(items)
    .join("order", open, ({ order_id }) => order_id!)
    .leftJoin("customer", people, ({ order }) => order.customer_id)
    .mapValues(({ id, order_id, price, customer }) => {
      if (price.compare(Decimal.of(0)) < 0) throw new RangeError(`no price: ${price}`);
      return { item_id: id, order_id: order_id!, price, customer: customer?.name ?? null };
    });
  facts.to(sold);
  facts.groupBy(({ order_id }) => ({ order_id }))
    .aggregate("revenue-by-order", { items: count(), revenue: sum(({ price }) => price) })
    .to(revenue);
  open.selectKey("by-status", ({ status }) => ({ status }))
    .mapValues(({ status, id }) => ({ status, order_id: id }))
    .to(byStatus);
});

/** What the oracle says that a sink shows of a key; undefined for nothing. */
export function oracleRow(driver: TopologyTestDriver, { sink, key }: { readonly sink: string; readonly key: string }) {
  const sources = new Map([orders, items, customers].map((source) => [source.spec.topic, source]));
  return computeSinks(shop, (topic) => driver.rows(sources.get(topic)!)).get(sink)!.rows.get(key);
}

/** A shop in which every answer is found. */
export function fill(driver: TopologyTestDriver): void {
  driver.insert(customers, { id: 7, name: "Ada" });
  driver.insert(orders, { id: 1, customer_id: 7, status: "paid" });
  driver.insert(orders, { id: 2, customer_id: 7, status: "cancelled" });
  driver.insert(orders, { id: 3, customer_id: 8, status: "new" });
  driver.insert(orders, { id: 4, customer_id: null, status: "paid" });
  const price = (text: string) => Decimal.parse(text);
  driver.insert(items, { id: 10, order_id: 1, price: price("5.00") });
  driver.insert(items, { id: 11, order_id: 1, price: price("7.50") });
  driver.insert(items, { id: 12, order_id: 1, price: price("1.00") });
  driver.insert(items, { id: 20, order_id: 2, price: price("1.00") });
  driver.insert(items, { id: 21, order_id: 99, price: price("1.00") });
  driver.insert(items, { id: 22, order_id: null, price: price("1.00") });
  driver.insert(items, { id: 30, order_id: 3, price: price("-4.00") });
  driver.insert(items, { id: 31, order_id: 3, price: price("4.00") });
}
