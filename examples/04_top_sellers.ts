import { clickhouse, count, startOf, sum, topN, topology } from "../src/mod.ts";
import { orderItems, orders, products, sellers } from "../topologies/online_store/sources.ts";

/** The columns that are used. */
export const items = orderItems.pick("order_id", "product_id", "quantity", "unit_price");
export const placed = orders.pick("status", "placed_at");
export const catalogue = products.pick("seller_id", "name");
export const shops = sellers.pick("name");

/** What each seller has sold in a month, by the clocks of Vienna. */
export const topSellers = clickhouse("top_sellers", {
  key: ["month", "seller"],
  columns: {
    month: "DateTime('Europe/Vienna')",
    seller: "String",
    items: "UInt64",
    revenue: "Decimal(18, 2)",
    best: "Array(String)",
  },
});

const monthInVienna = startOf("month", "Europe/Vienna");

/** Joins of four tables, and totals of them: an order that is cancelled leaves its month, a changed price counts. */
export default topology("top_sellers", (builder) => {
  const sold = builder.globalTable(catalogue)
    .join("seller", builder.globalTable(shops), (product) => product.seller_id);
  builder.table(items)
    .join("order", builder.table(placed).filter(({ status }) => status !== "cancelled"), (item) => item.order_id)
    .join("product", sold, (item) => item.product_id)
    .groupBy((item) => ({ month: monthInVienna(item.order.placed_at), seller: item.product.seller.name }))
    .aggregate("top-sellers", {
      items: count(),
      revenue: sum((item) => item.unit_price.times(item.quantity)),
      best: topN(2, { by: (item) => item.quantity, value: (item) => item.product.name }),
    })
    .to(topSellers);
});
