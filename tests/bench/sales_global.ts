import { topology } from "../../src/mod.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import { category, countryOf } from "../../topologies/online_store/attributes.ts";
import { sales } from "../../topologies/online_store/tables.ts";

/** The sales fact with `orders` as a global table: no row travels between tasks. */
export default topology("sales_global", (builder) => {
  const catalogue = builder.globalTable(products.pick("seller_id", "name", "attributes"))
    .mapValues((product) => ({
      seller_id: product.seller_id,
      name: product.name,
      category: category(product.attributes),
    }))
    .join("seller", builder.globalTable(sellers.pick("name")), (product) => product.seller_id);
  const buyers = builder.globalTable(users.pick("preferences"))
    .mapValues((user) => ({ country: countryOf(user.preferences) }));
  const placed = builder.globalTable(orders.pick("user_id", "status", "placed_at"))
    .filter((order) => order.status !== "cancelled");

  builder.table(orderItems.pick("order_id", "product_id", "quantity", "unit_price"))
    .join("order", placed, (item) => item.order_id)
    .join("product", catalogue, (item) => item.product_id)
    .leftJoin("user", buyers, (item) => item.order.user_id)
    .mapValues((item) => ({
      order_item_id: item.id,
      order_id: item.order_id,
      placed_at: item.order.placed_at,
      status: item.order.status,
      product_id: item.product_id,
      product: item.product.name,
      category: item.product.category,
      seller_id: item.product.seller.id,
      seller: item.product.seller.name,
      buyer_country: item.user?.country ?? null,
      quantity: item.quantity,
      unit_price: item.unit_price,
      amount: item.unit_price.times(item.quantity),
    }))
    .to(sales);
});
