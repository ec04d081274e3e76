import { clickhouseAppend, topology } from "../../../../src/mod.ts";
import { JOIN_GRACE_MS, JOIN_WITHIN_MS, orders, payments } from "../streams_events.ts";

const paid = clickhouseAppend("streams_join", {
  columns: {
    customer: "String",
    order_id: "Int64",
    payment_id: "Int64",
    country: "String",
    method: "String",
    ordered: "Int64",
    paid: "Int64",
  },
  orderBy: ["customer", "order_id"],
});

/** Orders with the payments of the same customer near them: one row a pair. */
export default topology("streams_join", (builder) => {
  builder.stream(orders)
    .join("payment", builder.stream(payments), {
      on: [({ customer }) => ({ customer }), ({ customer }) => ({ customer })],
      within: { milliseconds: JOIN_WITHIN_MS },
      grace: { milliseconds: JOIN_GRACE_MS },
    })
    .mapValues(({ id, customer, country, amount, payment }) => ({
      customer,
      order_id: id,
      payment_id: payment.id,
      country,
      method: payment.method,
      ordered: amount,
      paid: payment.amount,
    }))
    .to(paid);
});
