import { z } from "zod";
import { clickhouse, debezium, int8, numeric, timestamptz, type Topology, topology } from "../../../src/mod.ts";

const users = debezium("online_store.public.users", {
  key: ["id"],
  row: z.object({ id: int8(), email: z.string(), name: z.string(), country: z.string(), created_at: timestamptz() }),
});
const sellers = debezium("online_store.public.sellers", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string(), country: z.string(), rating: z.number(), created_at: timestamptz() }),
});
const products = debezium("online_store.public.products", {
  key: ["id"],
  row: z.object({
    id: int8(),
    seller_id: int8(),
    name: z.string(),
    category: z.string(),
    price: numeric(12, 2),
    description: z.string(),
    updated_at: timestamptz(),
  }),
});
const orders = debezium("online_store.public.orders", {
  key: ["id"],
  row: z.object({
    id: int8(),
    user_id: int8(),
    status: z.string(),
    placed_at: timestamptz(),
    updated_at: timestamptz(),
  }),
});
const orderItems = debezium("online_store.public.order_items", {
  key: ["id"],
  row: z.object({ id: int8(), order_id: int8(), product_id: int8(), quantity: z.int(), unit_price: numeric(12, 2) }),
});
const columns = {
  id: "Int64",
  order_id: "Int64",
  user_id: "Nullable(Int64)",
  status: "Nullable(String)",
  placed_at: "Nullable(DateTime64(6))",
  updated_at: "Nullable(DateTime64(6))",
  product_id: "Int64",
  product: "Nullable(String)",
  category: "Nullable(String)",
  seller_id: "Nullable(Int64)",
  seller: "Nullable(String)",
  seller_country: "Nullable(String)",
  buyer: "Nullable(String)",
  buyer_country: "Nullable(String)",
  quantity: "Int32",
  unit_price: "Decimal(12, 2)",
} as const;

/** Items with their orders, and with products, sellers and users out of tables of this kind: one row an item. */
export function itemsTopology(name: string, how: "table" | "globalTable"): Topology {
  return topology(name, (builder) => {
    builder.table(orderItems.pick("order_id", "product_id", "quantity", "unit_price"))
      .leftJoin(
        "order",
        builder.table(orders.pick("user_id", "status", "placed_at", "updated_at")),
        (item) => item.order_id,
      )
      .leftJoin("product", builder[how](products.pick("seller_id", "name", "category")), (item) => item.product_id)
      .leftJoin("seller", builder[how](sellers.pick("name", "country")), (item) => item.product?.seller_id ?? null)
      .leftJoin("user", builder[how](users.pick("name", "country")), (item) => item.order?.user_id ?? null)
      .mapValues((item) => ({
        id: item.id,
        order_id: item.order_id,
        user_id: item.order?.user_id ?? null,
        status: item.order?.status ?? null,
        placed_at: item.order?.placed_at ?? null,
        updated_at: item.order?.updated_at ?? null,
        product_id: item.product_id,
        product: item.product?.name ?? null,
        category: item.product?.category ?? null,
        seller_id: item.product?.seller_id ?? null,
        seller: item.seller?.name ?? null,
        seller_country: item.seller?.country ?? null,
        buyer: item.user?.name ?? null,
        buyer_country: item.user?.country ?? null,
        quantity: item.quantity,
        unit_price: item.unit_price,
      }))
      .to(clickhouse(name, { key: ["id"], columns }));
  });
}
