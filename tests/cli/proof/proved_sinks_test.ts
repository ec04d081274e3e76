import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { provedAppends } from "../../../src/cli/proof/proved_appends.ts";
import { provedSinks } from "../../../src/cli/proof/proved_sinks.ts";
import {
  clickhouse,
  count,
  debezium,
  events,
  int8,
  last,
  timestamptz,
  topology,
  tumbling,
  uuid,
} from "../../../src/mod.ts";
import cartAbandonment from "../../../topologies/cart_abandonment.ts";
import fraudSignals from "../../../topologies/fraud_signals.ts";
import mirror from "../../../topologies/mirror.ts";
import orderFunnel from "../../../topologies/order_funnel.ts";
import productPerformance from "../../../topologies/product_performance.ts";
import sales from "../../../topologies/sales.ts";

Deno.test("provedSinks() takes keys of a source by ranges, totals as a whole, and leaves streams out", () => {
  const found = [mirror, sales, productPerformance, orderFunnel, cartAbandonment, fraudSignals].flatMap((one) => {
    const { sinks, leftOut } = provedSinks(one);
    const { appends, appendsLeftOut } = provedAppends(one, { reachable: true });
    assertEquals(appends, []);
    return [
      ...appendsLeftOut.map(({ sink }) => `${sink}: left out`),
      ...sinks.map(({ plan, roots }) => `${plan.name}: ${roots?.join() ?? "whole"}`),
      ...leftOut.map(({ sink }) => `${sink}: left out`),
    ];
  });
  const shop = "online_store.public";
  assertEquals(found.sort(), [
    "cart_abandonment: left out",
    "declined_payments: left out",
    "fraud_signals: left out",
    `order_funnel: whole`,
    `order_items: ${shop}.order_items`,
    `orders: ${shop}.orders`,
    `product_performance: whole`,
    `products: ${shop}.products`,
    `sales: ${shop}.order_items`,
    `seller_revenue_by_hour: whole`,
    `sellers: ${shop}.sellers`,
    `users: ${shop}.users`,
  ]);
});

Deno.test("provedSinks() compares rows whose key begins with no integer as a whole", () => {
  const tokens = debezium("shop.public.tokens", { key: ["id"], row: z.object({ id: uuid(), user_id: int8() }) });
  const rights = debezium("shop.public.rights", {
    key: ["user_id", "name"],
    row: z.object({ user_id: int8(), name: z.string() }),
  });
  const { sinks } = provedSinks(topology("keys", (builder) => {
    builder.table(tokens).to(clickhouse("tokens", { key: ["id"], columns: { id: "UUID", user_id: "Int64" } }));
    const columns = { user_id: "Int64", name: "String" } as const;
    builder.table(rights).to(clickhouse("rights", { key: ["user_id", "name"], columns }));
  }));
  assertEquals(
    sinks.map(({ plan, roots, sources }) => [plan.name, roots, [...sources.values()].map((one) => one.kinds)]),
    [
      ["tokens", null, [["uuid"]]],
      ["rights", ["shop.public.rights"], [["integer", "text"]]],
    ],
  );
});

Deno.test("provedSinks() says of each result of streams why it is not compared", () => {
  const taps = events("shop.taps", { row: z.object({ user: z.string(), n: z.int(), at: timestamptz() }) });
  const columns = { user: "String", n: "Int64" } as const;
  const windowed = { user: "String", window_start: "DateTime64(6)", window_end: "DateTime64(6)", n: "Int64" } as const;
  const { sinks, leftOut } = provedSinks(topology("taps", (builder) => {
    const byUser = builder.stream(taps).groupBy(({ user }) => ({ user }));
    byUser.aggregate("all", { n: count() }).to(clickhouse("all", { key: ["user"], columns }));
    byUser.aggregate("last", { n: last(({ n }) => n, { by: ({ at }) => at }) }).to(
      clickhouse("last", { key: ["user"], columns }),
    );
    byUser.windowedBy(tumbling({ hours: 1 })).aggregate("hourly", { n: count() })
      .to(clickhouse("hourly", { key: ["user", "window_start"], columns: windowed }));
  }));
  assertEquals(sinks, []);
  const reasons = Object.fromEntries(leftOut.map(({ sink, reason }) => [sink, reason]));
  assert(/from all records of their topics/.test(reasons.all), reasons.all);
  assert(/last depends on the order/.test(reasons.last), reasons.last);
  assert(/too late for a window/.test(reasons.hourly), reasons.hourly);
});
