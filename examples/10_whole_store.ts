import { clickhouse, count, dateOf, max, sum, topology } from "../src/mod.ts";
import { category, countryOf } from "../topologies/online_store/attributes.ts";
import { clickstream } from "../topologies/online_store/events.ts";
import { orderItems, orders, products, sellers, users } from "../topologies/online_store/sources.ts";

/** One row for each item that was sold and not cancelled. */
export const storeSales = clickhouse("store_sales", {
  key: ["item_id"],
  columns: {
    item_id: "Int64",
    day: "Date",
    category: "LowCardinality(String)",
    seller: "String",
    country: "LowCardinality(Nullable(String))",
    amount: "Decimal(18, 2)",
  },
});

/** What was sold of each category on each day. */
export const storeDays = clickhouse("store_days", {
  key: ["day", "category"],
  columns: { day: "Date", category: "LowCardinality(String)", items: "UInt64", revenue: "Decimal(18, 2)" },
});

/** Every customer: what they have bought, and what they have looked at. */
export const storeCustomers = clickhouse("store_customers", {
  key: ["id"],
  columns: {
    id: "Int64",
    full_name: "String",
    orders: "UInt64",
    spent: "Decimal(18, 2)",
    looks: "UInt64",
    last_seen: "Nullable(DateTime64(6))",
  },
});

/**
 * A whole store in one topology: five tables of the database and the events of its shop become three tables that follow
 * both.
 */
export default topology("whole_store", (builder) => {
  const catalogue = builder.globalTable(products.pick("seller_id", "attributes"))
    .mapValues(({ seller_id, attributes }) => ({ seller_id, category: category(attributes) }))
    .join("seller", builder.globalTable(sellers.pick("name")), (product) => product.seller_id);
  const buyers = builder.globalTable(users.pick("preferences"))
    .mapValues(({ preferences }) => ({ country: countryOf(preferences) }));
  const placed = builder.table(orders.pick("user_id", "status", "total_amount", "placed_at"))
    .filter(({ status }) => status !== "cancelled");

  const sold = builder.table(orderItems.pick("order_id", "product_id", "quantity", "unit_price"))
    .join("order", placed, (item) => item.order_id)
    .join("product", catalogue, (item) => item.product_id)
    .leftJoin("buyer", buyers, (item) => item.order.user_id)
    .mapValues(({ id, order, product, buyer, unit_price, quantity }) => ({
      item_id: id,
      day: dateOf(order.placed_at),
      category: product.category,
      seller: product.seller.name,
      country: buyer?.country ?? null,
      amount: unit_price.times(quantity),
    }));
  sold.to(storeSales);
  sold.groupBy(({ day, category }) => ({ day, category }))
    .aggregate("store-days", { items: count(), revenue: sum((sale) => sale.amount) })
    .to(storeDays);

  const bought = placed.groupBy(({ user_id }) => ({ user_id }))
    .aggregate("bought", { orders: count(), spent: sum((order) => order.total_amount) });
  const looked = builder.stream(clickstream).groupBy(({ user_id }) => ({ user_id }))
    .aggregate("looked", { looks: count(), last_seen: max(({ at }) => at) });
  builder.table(users.pick("full_name"))
    .leftJoin("bought", bought, (user) => user.id)
    .leftJoin("looked", looked, (user) => user.id)
    .filter(({ bought, looked }) => bought !== null || looked !== null)
    .mapValues(({ id, full_name, bought, looked }) => ({
      id,
      full_name,
      orders: bought?.orders ?? 0,
      spent: bought?.spent ?? 0,
      looks: looked?.looks ?? 0,
      last_seen: looked?.last_seen ?? null,
    }))
    .to(storeCustomers);
});
