import { clickhouse, count, sum, topology } from "../src/mod.ts";
import { orders, users } from "../topologies/online_store/sources.ts";

/** What each customer has ordered within the last 30 days; a customer without such orders is not here. */
export const recentOrders = clickhouse("recent_orders", {
  key: ["user_id"],
  columns: { user_id: "Int64", orders: "UInt64", spent: "Decimal(18, 2)" },
});

/** Every customer, with the number of these orders. */
export const customers = clickhouse("customers", {
  key: ["id"],
  columns: { id: "Int64", full_name: "String", recent_orders: "UInt64" },
});

/** Orders of the last 30 days per customer: an order leaves its group when it grows old, without any record. */
export default topology("recent_orders", (builder) => {
  const recent = builder.table(orders.pick("user_id", "total_amount", "placed_at"))
    .expireAfter("placed_at", { days: 30 });
  recent.groupBy(({ user_id }) => ({ user_id }))
    .aggregate("recent-orders", { orders: count(), spent: sum((order) => order.total_amount) })
    .to(recentOrders);
  const perUser = recent.groupBy(({ user_id }) => ({ user_id })).aggregate("recent-counts", { orders: count() });
  builder.table(users.pick("full_name"))
    .leftJoin("recent", perUser, (user) => user.id)
    .mapValues(({ id, full_name, recent }) => ({ id, full_name, recent_orders: recent?.orders ?? 0 }))
    .to(customers);
});
