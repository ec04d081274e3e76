import { assertEquals } from "@std/assert";
import { delayOf, delaysOf } from "../../console/graph/delay.ts";
import sales from "../../topologies/sales.ts";
import { plannedOf } from "./mock_plan.ts";

Deno.test("delayOf() tells slow from stopped", () => {
  const cases = [
    [undefined, 10, "unknown"],
    [0, 0, "quick"],
    [90, 100, "quick"],
    [900, 100, "slow"],
    [1_000, 100, "late"],
    [1_000, 0, "stopped"],
  ] as const;
  for (const [lag, rate, delay] of cases) assertEquals(delayOf(lag, rate), delay, `${lag} at ${rate}`);
});

Deno.test("delaysOf() colours everything that comes from a topic that is behind", () => {
  const planned = plannedOf(sales);
  const lag = Object.fromEntries(planned.description.sources.map(({ topic }) => [topic, 0]));
  const behind = { ...lag, "online_store.public.orders": 5_000 };
  const live = {
    ...{ name: "sales", state: "running" as const, changesPerSecond: 0, rowsPerSecond: 0, secondsLeft: null },
    ...{ counters: {}, tasks: [], everywhere: [], problems: [], joinProblems: {}, deadLetters: 0, lag: behind },
  };
  const orders = planned.nodes.find(({ label }) => label === "orders")!;
  const delays = delaysOf(planned, { live, rates: new Map([[orders.id, { in: 100, out: 100 }]]) });
  const of = (label: string) => delays.get(planned.nodes.find((node) => node.label === label)!.id);
  assertEquals(
    ["orders", "orders.filter", "order_items.order", "sales", "products.seller", "order_items"].map(of),
    ["late", "late", "late", "late", "quick", "quick"],
  );
});
