import { Decimal } from "../../src/mod.ts";
import type * as sources from "../../topologies/online_store/sources.ts";

type RowIn<S extends { readonly spec: unknown; readonly "~row": unknown }> = S["~row"];

/** Microseconds since the epoch of a UTC time on 1 January 2026. */
export function at(time: string): number {
  return Date.parse(`2026-01-01T${time}Z`) * 1000;
}

/** The exact decimal of a price as text. */
export function money(text: string): Decimal {
  return Decimal.parse(text);
}

const created = { created_at: at("08:00:00"), updated_at: at("08:00:00") };

/** A user with what the test does not care about filled in. */
export function user(row: Partial<RowIn<typeof sources.users>> & { id: number }): RowIn<typeof sources.users> {
  return {
    email: `user${row.id}@example.org`,
    full_name: `User ${row.id}`,
    phone: null,
    is_active: true,
    birth_date: null,
    preferences: '{"country":"DE"}',
    loyalty_points: 0,
    ...created,
    ...row,
  };
}

/** A seller with what the test does not care about filled in. */
export function seller(row: Partial<RowIn<typeof sources.sellers>> & { id: number }): RowIn<typeof sources.sellers> {
  return {
    name: `Seller ${row.id}`,
    country: "DE",
    rating: null,
    commission_rate: money("0.0500"),
    is_verified: true,
    nickname: null,
    metadata: null,
    joined_at: at("07:00:00"),
    ...created,
    ...row,
  };
}

/** A product of seller 1 with what the test does not care about filled in. */
export function product(row: Partial<RowIn<typeof sources.products>> & { id: number }): RowIn<typeof sources.products> {
  return {
    seller_id: 1,
    sku: `SKU-${row.id}`,
    name: `Product ${row.id}`,
    price: money("10.00"),
    weight_kg: null,
    stock: 5,
    description: null,
    attributes: '{"category":"toys"}',
    tags: [],
    is_published: true,
    external_id: "00000000-0000-4000-8000-000000000000",
    ...created,
    ...row,
  };
}

/** A paid order of user 1, placed at 10:30, with what the test does not care about filled in. */
export function order(row: Partial<RowIn<typeof sources.orders>> & { id: number }): RowIn<typeof sources.orders> {
  return {
    user_id: 1,
    status: "paid",
    total_amount: money("10.00"),
    currency: "EUR",
    shipping_address: null,
    note: null,
    placed_at: at("10:30:00"),
    delivered_on: null,
    ...created,
    ...row,
  };
}

/** One piece of product 1 in order 1 for 10.00, with what the test does not care about filled in. */
export function item(
  row: Partial<RowIn<typeof sources.orderItems>> & { id: number },
): RowIn<typeof sources.orderItems> {
  return {
    order_id: 1,
    product_id: 1,
    quantity: 1,
    unit_price: money("10.00"),
    discount: null,
    ...created,
    ...row,
  };
}
