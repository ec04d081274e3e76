import { avg, count, dateOf, max, sum, topology } from "../src/mod.ts";
import { orderItems, orders } from "./online_store/sources.ts";
import { productPerformance } from "./online_store/tables.ts";

/** What each product sold on each day; an item of a cancelled order sells nothing and is counted as cancelled. */
export default topology("product_performance", (builder) => {
  builder.table(orderItems.pick("order_id", "product_id", "quantity", "unit_price"))
    .join("order", builder.table(orders.pick("status", "placed_at")), (item) => item.order_id)
    .mapValues((item) => {
      const cancelled = item.order.status === "cancelled";
      return {
        product_id: item.product_id,
        day: dateOf(item.order.placed_at),
        units: cancelled ? 0 : item.quantity,
        revenue: item.unit_price.times(cancelled ? 0 : item.quantity),
        unit_price: item.unit_price,
        cancelled: cancelled ? 1 : 0,
      };
    })
    .groupBy((item) => ({ product_id: item.product_id, day: item.day }))
    .aggregate("product-performance", {
      units: sum((item) => item.units),
      revenue: sum((item) => item.revenue),
      items: count(),
      cancelled_items: sum((item) => item.cancelled),
      highest_price: max((item) => item.unit_price),
      average_price: avg((item) => item.unit_price, 4),
    })
    .to(productPerformance);
});
