import { clickhouse, topology } from "../src/mod.ts";
import { orders } from "../topologies/online_store/sources.ts";

/** The columns that are used: the others are not read, and take no memory. */
export const used = orders.pick("user_id", "status", "total_amount");

/** Orders that wait for somebody. */
export const openOrders = clickhouse("open_orders", {
  key: ["id"],
  columns: { id: "Int64", user_id: "Int64", status: "LowCardinality(String)", total_amount: "Decimal(12, 2)" },
});

/** A filter: an order leaves the table when it is delivered, cancelled or refunded, and nobody has to delete it. */
export default topology("open_orders", (builder) => {
  builder.table(used)
    .filterNot(({ status }) => ["delivered", "cancelled", "refunded"].includes(status))
    .to(openOrders);
});
