import { count, dateOf, sum, topology } from "../src/mod.ts";
import { orders } from "./online_store/sources.ts";
import { orderFunnel } from "./online_store/tables.ts";

/** Orders by status and day of placing, with their value. */
export default topology("order_funnel", (builder) => {
  builder.table(orders.pick("status", "total_amount", "placed_at"))
    .groupBy((order) => ({ day: dateOf(order.placed_at), status: order.status }))
    .aggregate("order-funnel", { orders: count(), value: sum((order) => order.total_amount) })
    .to(orderFunnel);
});
