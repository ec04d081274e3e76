import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { provedAppends } from "../../../src/cli/proof/proved_appends.ts";
import { provedSinks } from "../../../src/cli/proof/proved_sinks.ts";
import { clickhouse, count, debezium, events, int8, topology, uuid } from "../../../src/mod.ts";
import cartAbandonment from "../../../topologies/cart_abandonment.ts";
import fraudSignals from "../../../topologies/fraud_signals.ts";
import mirror from "../../../topologies/mirror.ts";
import orderFunnel from "../../../topologies/order_funnel.ts";
import productPerformance from "../../../topologies/product_performance.ts";
import sales from "../../../topologies/sales.ts";

Deno.test("provedSinks() takes keys of a source by ranges, and totals of tables and streams as a whole", () => {
  const found = [mirror, sales, productPerformance, orderFunnel, cartAbandonment, fraudSignals].flatMap((one) => {
    const { sinks, leftOut } = provedSinks(one, { withheld: null });
    const { appends, appendsLeftOut } = provedAppends(one, { withheld: null });
    assertEquals(appends, []);
    return [
      ...appendsLeftOut.map(({ sink }) => `${sink}: left out`),
      ...sinks.map(({ plan, roots }) => `${plan.name}: ${roots?.join() ?? "whole"}`),
      ...leftOut.map(({ sink }) => `${sink}: left out`),
    ];
  });
  const shop = "online_store.public";
  assertEquals(found.sort(), [
    "cart_abandonment: whole",
    "declined_payments: whole",
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
  const { sinks } = provedSinks(
    topology("keys", (builder) => {
      builder.table(tokens).to(clickhouse("tokens", { key: ["id"], columns: { id: "UUID", user_id: "Int64" } }));
      const columns = { user_id: "Int64", name: "String" } as const;
      builder.table(rights).to(clickhouse("rights", { key: ["user_id", "name"], columns }));
    }),
    { withheld: null },
  );
  assertEquals(
    sinks.map(({ plan, roots, sources }) => [plan.name, roots, [...sources.values()].map((one) => one.kinds)]),
    [
      ["tokens", null, [["uuid"]]],
      ["rights", ["shop.public.rights"], [["integer", "text"]]],
    ],
  );
});

Deno.test("provedSinks() takes results of streams as a whole where the log can be read, else it says why not", () => {
  const taps = events("shop.taps", { row: z.object({ user: z.string(), n: z.int() }) });
  const columns = { user: "String", n: "Int64" } as const;
  const declared = topology("taps", (builder) => {
    builder.stream(taps).groupBy(({ user }) => ({ user })).aggregate("all", { n: count() })
      .to(clickhouse("all", { key: ["user"], columns }));
  });
  const { sinks, leftOut } = provedSinks(declared, { withheld: null });
  assertEquals(sinks.map(({ plan, roots, folded }) => [plan.name, roots, folded.length]), [["all", null, 1]]);
  assertEquals(leftOut, []);
  const without = provedSinks(declared, { withheld: "they are hidden" });
  assertEquals(without.sinks, []);
  assert(/they are hidden/.test(without.leftOut[0].reason), without.leftOut[0].reason);
});
