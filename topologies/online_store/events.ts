import { z } from "zod";
import { events, int8, numeric, timestamptz } from "../../src/mod.ts";

/** Null is what an event of its kind does not have. */
const click = z.object({
  type: z.enum(["view", "add_to_cart", "remove_from_cart", "checkout", "order"]),
  user_id: int8(),
  country: z.string(),
  product_id: int8().nullable(),
  quantity: z.int().nullable(),
  unit_price: numeric(12, 2).nullable(),
  order_id: int8().nullable(),
  order_total: numeric(12, 2).nullable(),
  at: timestamptz(),
});

/**
 * What people do in the shop: they look at products, put them into the cart and take them out, begin to check out, and
 * order.
 */
export const clickstream = events("online_store.clickstream", { row: click, time: ({ at }) => at });

/** The same from now on. */
export const newClicks = events("online_store.clickstream", { row: click, time: ({ at }) => at, from: "latest" });

/** What the payment provider says of each attempt to pay for an order, from now on. */
export const payments = events("online_store.payments", {
  row: z.object({
    payment_id: z.string(),
    order_id: int8(),
    status: z.enum(["authorized", "declined"]),
    amount: numeric(12, 2),
    card_country: z.string(),
    at: timestamptz(),
  }),
  time: ({ at }) => at,
  from: "latest",
});
