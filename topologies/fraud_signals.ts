import { count, type Decimal, max, session, topology, untilWindowCloses } from "../src/mod.ts";
import { newClicks, payments } from "./online_store/events.ts";
import { declinedPayments, fraudSignals } from "./online_store/tables.ts";

interface PaidOrder {
  readonly order_id: number | bigint;
  readonly user_id: number | bigint;
  readonly total: Decimal;
  readonly country: string;
  readonly ordered_at: number;
  /** Null: nobody has paid within the window. */
  readonly payment: { readonly amount: Decimal; readonly card_country: string } | null;
}

/** What is suspicious about an order and one of its payments: nothing, one thing or two. */
function signalsOf({ total, country, payment }: PaidOrder): string[] {
  if (payment === null) return ["no payment"];
  const signals = [];
  if (!payment.amount.equals(total)) signals.push("other amount");
  if (payment.card_country !== country) signals.push("other country");
  return signals;
}

/**
 * Orders and what was authorized for them from 15 minutes before to 15 minutes after: payments of another amount or
 * from another country are told as they come, an order without any payment once, when its window is over. Attempts to
 * pay that were declined are told once, too, if there are several for an order, when no further one can come: each at
 * most 15 minutes behind the one before. It begins with the events that come from now on: of orders that are long done
 * nobody needs to be warned.
 */
export default topology("fraud_signals", (builder) => {
  const ordered = builder.stream(newClicks).flatMapValues(({ user_id, country, order_id, order_total, at }) =>
    order_id === null || order_total === null
      ? []
      : [{ order_id, user_id, total: order_total, country, ordered_at: at }]
  );
  const { authorized, declined } = builder.stream(payments).split({
    authorized: ({ status }) => status === "authorized",
    declined: ({ status }) => status === "declined",
  });

  ordered
    .leftJoin("payment", authorized, {
      on: [({ order_id }) => ({ order_id }), ({ order_id }) => ({ order_id })],
      within: { minutes: 15 },
      grace: { minutes: 5 },
    })
    .flatMapValues((order) => signalsOf(order).map((signal) => ({ ...order, signal })))
    .mapValues(({ payment, ...order }) => ({
      ...order,
      paid: payment?.amount ?? null,
      card_country: payment?.card_country ?? null,
    }))
    .to(fraudSignals);

  declined
    .groupBy(({ order_id }) => ({ order_id }))
    .windowedBy(session({ minutes: 15 }, { grace: { minutes: 5 } }))
    .aggregate("declined", { tries: count(), amount: max(({ amount }) => amount) })
    .suppress("declined-in-all", untilWindowCloses())
    .filter(({ tries }) => tries > 1)
    .to(declinedPayments);
});
