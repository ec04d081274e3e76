import { dashboard } from "./build.ts";
import type { Dashboard } from "./model.ts";
import { bars, numbers, overTime, table, unitOf } from "./panels.ts";
import { seriesOf, tableOf } from "./queries.ts";

const MONEY = "currencyUSD";
/** By the time of the last event: half an hour later the session was over. */
const LEFT = "cart_abandonment WHERE $__timeFilter(window_end)";
const SIGNALS = "fraud_signals WHERE $__timeFilter(ordered_at)";
/** In the order in which people come to them. */
const LEFT_AT = "['cart', 'checkout', 'order cancelled']";

const carts = {
  title: null,
  panels: [
    numbers({
      title: "Abandoned carts",
      description: "Sessions that left something in the cart and bought nothing, by the time of their last event.",
      width: 24,
      unit: MONEY,
      targets: [tableOf(
        `SELECT count() AS "Carts", uniqExact(user_id) AS "Users", toFloat64(sum(cart_value)) AS "Value", ` +
          `if("Carts" = 0, 0, "Value" / "Carts") AS "Average value" FROM ${LEFT}`,
      )],
      overrides: [unitOf("Carts", "locale"), unitOf("Users", "locale"), unitOf("Average value", MONEY, 2)],
    }),
    overTime({
      title: "Value of abandoned carts",
      description: "By how far their sessions came. Those of the last three quarters of an hour are not over yet.",
      width: 16,
      unit: MONEY,
      style: "stacked bars",
      interval: "5m",
      maxDataPoints: 75,
      targets: [seriesOf(
        `SELECT $__timeInterval(window_end) AS time, left_at, toFloat64(sum(cart_value)) AS "Value" FROM ${LEFT} ` +
          `GROUP BY time, left_at ORDER BY time, indexOf(${LEFT_AT}, left_at)`,
      )],
    }),
    bars({
      title: "How far they came",
      description: "Carts by the last step of their session.",
      width: 8,
      unit: "locale",
      targets: [tableOf(
        `SELECT left_at, count() AS carts FROM ${LEFT} GROUP BY left_at ORDER BY indexOf(${LEFT_AT}, left_at)`,
      )],
    }),
    table({
      title: "Greatest abandoned carts",
      description: "The fifteen of the greatest value.",
      width: 24,
      targets: [tableOf(
        `SELECT window_start AS "Begin", window_end AS "End", user_id AS "User", left_at AS "Left at", ` +
          `cart_pieces AS "Pieces", toFloat64(cart_value) AS "Value" FROM ${LEFT} ` +
          "ORDER BY cart_value DESC, user_id, window_start LIMIT 15",
      )],
      overrides: [unitOf("User", "none"), unitOf("Pieces", "locale"), unitOf("Value", MONEY, 2)],
    }),
  ],
};

const DECLINED = "declined_payments WHERE $__timeFilter(window_start)";

const fraud = {
  title: "Payments that do not fit their orders",
  panels: [
    numbers({
      title: "Fraud signals",
      description: "By the time of the order: payments of another amount or from another country than the order, and " +
        "orders that nobody paid within 15 minutes.",
      width: 24,
      unit: "locale",
      targets: [tableOf(
        `SELECT countIf(signal = 'no payment') AS "No payment", countIf(signal = 'other amount') AS "Other amount", ` +
          `countIf(signal = 'other country') AS "Other country", ` +
          `toFloat64(sumIf(total - paid, signal = 'other amount')) AS "Paid too little" FROM ${SIGNALS}`,
      )],
      overrides: [unitOf("Paid too little", MONEY, 2)],
    }),
    overTime({
      title: "Fraud signals over time",
      description: "By the time of the order. Orders of the last twenty minutes may still be paid.",
      width: 10,
      unit: "locale",
      style: "stacked bars",
      interval: "5m",
      maxDataPoints: 75,
      targets: [seriesOf(
        `SELECT $__timeInterval(ordered_at) AS time, signal, count() AS "Value" FROM ${SIGNALS} ` +
          "GROUP BY time, signal ORDER BY time, signal",
      )],
    }),
    table({
      title: "Latest fraud signals",
      description: "The fifteen of the newest orders.",
      width: 14,
      height: 8,
      targets: [tableOf(
        `SELECT ordered_at AS "Ordered", signal AS "Signal", order_id AS "Order", user_id AS "User", ` +
          `toFloat64(total) AS "To pay", toFloat64(paid) AS "Paid", country AS "Country", ` +
          `card_country AS "Card's country" FROM ${SIGNALS} ORDER BY ordered_at DESC, order_id, signal LIMIT 15`,
      )],
      overrides: [
        unitOf("Order", "none"),
        unitOf("User", "none"),
        unitOf("To pay", MONEY, 2),
        unitOf("Paid", MONEY, 2),
      ],
    }),
    table({
      title: "Declined several times",
      description: "Orders for which a card was declined again and again, told 20 minutes after the last time.",
      width: 24,
      height: 6,
      targets: [tableOf(
        `SELECT window_start AS "First", window_end AS "Last", order_id AS "Order", tries AS "Times", ` +
          `toFloat64(amount) AS "Amount" FROM ${DECLINED} ORDER BY tries DESC, window_start DESC, order_id LIMIT 10`,
      )],
      overrides: [unitOf("Order", "none"), unitOf("Amount", MONEY, 2)],
    }),
  ],
};

/** What people do in the shop and how they pay: from events, beside what PostgreSQL has. */
export const shop: Dashboard = dashboard({
  uid: "store-shop",
  title: "Shop",
  description:
    "Carts that were left behind, and payments that do not fit their orders: from the events of the shop's " +
    "programs. Empty where nobody writes them.",
  from: "now-24h",
  refresh: "30s",
  variables: [],
  sections: [carts, fraud],
});
