import { z } from "zod";
import { date, debezium, float8, int8, json, numeric, timestamp, timestamptz, uuid } from "../../src/mod.ts";

/** People who buy. */
export const users = debezium("online_store.public.users", {
  key: ["id"],
  row: z.object({
    id: int8(),
    email: z.string(),
    full_name: z.string(),
    phone: z.string().nullable(),
    is_active: z.boolean(),
    birth_date: date().nullable(),
    preferences: json(),
    loyalty_points: z.int(),
    created_at: timestamptz(),
    updated_at: timestamptz(),
  }),
});

/** Shops within the store. */
export const sellers = debezium("online_store.public.sellers", {
  key: ["id"],
  row: z.object({
    id: int8(),
    name: z.string(),
    country: z.string(),
    rating: numeric(3, 2).nullable(),
    commission_rate: numeric(5, 4),
    is_verified: z.boolean(),
    nickname: z.string().nullable(),
    metadata: json().nullable(),
    joined_at: timestamp(),
    created_at: timestamptz(),
    updated_at: timestamptz(),
  }),
});

/** What is for sale; each product belongs to one seller. */
export const products = debezium("online_store.public.products", {
  key: ["id"],
  row: z.object({
    id: int8(),
    seller_id: int8(),
    sku: z.string(),
    name: z.string(),
    price: numeric(12, 2),
    weight_kg: float8().nullable(),
    stock: z.int(),
    description: z.string().nullable(),
    attributes: json(),
    tags: z.array(z.string()),
    is_published: z.boolean(),
    external_id: uuid(),
    created_at: timestamptz(),
    updated_at: timestamptz(),
  }),
});

/** Orders of users: pending, paid, shipped, delivered, cancelled or refunded. */
export const orders = debezium("online_store.public.orders", {
  key: ["id"],
  row: z.object({
    id: int8(),
    user_id: int8(),
    status: z.string(),
    total_amount: numeric(12, 2),
    currency: z.string(),
    shipping_address: json().nullable(),
    note: z.string().nullable(),
    placed_at: timestamptz(),
    delivered_on: date().nullable(),
    created_at: timestamptz(),
    updated_at: timestamptz(),
  }),
});

/** Lines of orders: so many of one product at one price. */
export const orderItems = debezium("online_store.public.order_items", {
  key: ["id"],
  row: z.object({
    id: int8(),
    order_id: int8(),
    product_id: int8(),
    quantity: z.int(),
    unit_price: numeric(12, 2),
    discount: numeric(5, 2).nullable(),
    created_at: timestamptz(),
    updated_at: timestamptz(),
  }),
});
