import { Decimal, max, session, sum, topology } from "../src/mod.ts";
import { clickstream } from "./online_store/events.ts";
import { orders } from "./online_store/sources.ts";
import { cartAbandonment } from "./online_store/tables.ts";

/** What an event does to the number of pieces in the cart. */
function pieces({ type, quantity }: { readonly type: string; readonly quantity: number | null }): number {
  if (quantity === null) return 0;
  return type === "add_to_cart" ? quantity : type === "remove_from_cart" ? -quantity : 0;
}

/**
 * Sessions that left something in the cart and bought nothing: none of their events is an order, or the order (of
 * several the last one) was cancelled. Sessions are told when they are over; the join with orders is a table's, so a
 * session comes and goes as its order does, whichever of both is known first.
 */
export default topology("cart_abandonment", (builder) => {
  builder.stream(clickstream)
    .groupBy(({ user_id }) => ({ user_id }))
    .windowedBy(session({ minutes: 30 }, { grace: { minutes: 15 } }))
    .emit("close")
    .aggregate("cart-sessions", {
      views: sum(({ type }) => type === "view" ? 1 : 0),
      checkouts: sum(({ type }) => type === "checkout" ? 1 : 0),
      cart_pieces: sum(pieces),
      cart_value: sum((event) => event.unit_price?.times(pieces(event)) ?? Decimal.of(0, 2)),
      order_id: max(({ order_id }) => order_id),
    })
    .filter(({ cart_pieces }) => cart_pieces > 0)
    .leftJoin("order", builder.table(orders.pick("status")), ({ order_id }) => order_id)
    // An order that is not known (any more) is no reason to call its cart abandoned.
    .filter(({ order_id, order }) => order_id === null || order?.status === "cancelled")
    .mapValues(({ checkouts, ...session }) => ({
      ...session,
      left_at: session.order_id !== null ? "order cancelled" : checkouts > 0 ? "checkout" : "cart",
    }))
    .to(cartAbandonment);
});
