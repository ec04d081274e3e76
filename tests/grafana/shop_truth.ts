import type { FilledLog } from "../../src/demo/mod.ts";
import type { DemoLoad, ShopRecord } from "../../tools/dashboards/demo_load.ts";

/** A session that left something in the cart and bought nothing. */
interface AbandonedCart {
  readonly user: number;
  /** Time of its last event. */
  readonly end: string;
  readonly cents: number;
}

const GAP_MS = 30 * 60_000;

/** What the dashboard Shop should say of carts, by plain loops over the events in the order of time. */
export function abandonedCarts(clicks: readonly ShopRecord[], store: FilledLog): AbandonedCart[] {
  const status = new Map([...store.rows("orders")].map((order) => [order.id, order.status]));
  const found: AbandonedCart[] = [];
  for (const [user, events] of Map.groupBy(clicks, ({ user_id }) => Number(user_id))) {
    const sessions: ShopRecord[][] = [];
    for (const event of events) {
      const before = sessions.at(-1)?.at(-1);
      if (before !== undefined && Date.parse(event.at) - Date.parse(before.at) <= GAP_MS) sessions.at(-1)!.push(event);
      else sessions.push([event]);
    }
    for (const session of sessions) {
      const signed = ({ type, quantity }: ShopRecord) =>
        type === "add_to_cart" ? Number(quantity) : type === "remove_from_cart" ? -Number(quantity) : 0;
      const pieces = session.reduce((sum, event) => sum + signed(event), 0);
      const cents = session.reduce(
        (sum, event) => sum + signed(event) * Math.round(Number(event.unit_price ?? 0) * 100),
        0,
      );
      const order = Math.max(...session.map(({ order_id }) => Number(order_id ?? 0)));
      if (pieces > 0 && (order === 0 || status.get(order) === "cancelled")) {
        found.push({ user, end: session.at(-1)!.at, cents });
      }
    }
  }
  return found;
}

/** Orders with several payments that were declined, and how often. Attempts of an order are never far apart. */
export function declinedPayments(
  { payments }: DemoLoad["events"],
): { readonly order: number; readonly tries: number }[] {
  const declined = payments.filter(({ status }) => status === "declined");
  return [...Map.groupBy(declined, ({ order_id }) => Number(order_id))]
    .map(([order, tries]) => ({ order, tries: tries.length })).filter(({ tries }) => tries > 1);
}

/** What is wrong with which order. */
export function fraudSignals(
  { clickstream, payments }: DemoLoad["events"],
): { readonly order: number; readonly signal: string; readonly at: string }[] {
  return clickstream.filter(({ type }) => type === "order").flatMap(({ order_id, order_total, country, at }) => {
    const order = Number(order_id);
    const paid = payments.filter((payment) => payment.order_id === order_id && payment.status === "authorized");
    if (paid.length === 0) return [{ order, signal: "no payment", at }];
    return paid.flatMap(({ amount, card_country }) => [
      ...amount === order_total ? [] : [{ order, signal: "other amount", at }],
      ...card_country === country ? [] : [{ order, signal: "other country", at }],
    ]);
  });
}
