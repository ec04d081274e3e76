import { assertEquals } from "@std/assert";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { orders } from "../../topologies/online_store/sources.ts";
import { orderFunnel } from "../../topologies/online_store/tables.ts";
import funnelTopology from "../../topologies/order_funnel.ts";
import { at, money, order } from "./store.ts";

function shown(driver: TopologyTestDriver): unknown[][] {
  return driver.select(orderFunnel).map((row) => [row.day, row.status, row.orders, row.value]);
}

Deno.test("order_funnel counts orders and adds up their value by day and status", async () => {
  await using driver = createTopologyTestDriver(funnelTopology);
  for (let id = 1; id <= 5; id++) driver.insert(orders, order({ id, total_amount: money("0.10") }));
  driver.insert(orders, order({ id: 6, placed_at: at("23:59:59.999"), status: "pending" }));
  driver.insert(orders, order({ id: 7, placed_at: at("23:59:59.999") + 1_000, status: "pending" }));
  await driver.settle();
  assertEquals(shown(driver), [
    ["2026-01-01", "paid", 5, "0.50"],
    ["2026-01-01", "pending", 1, "10.00"],
    ["2026-01-02", "pending", 1, "10.00"],
  ]);
});

Deno.test("order_funnel moves an order on, and a status that nobody has any more disappears", async () => {
  await using driver = createTopologyTestDriver(funnelTopology);
  driver.insert(orders, order({ id: 1, status: "pending", total_amount: money("12.34") }));
  await driver.settle();
  driver.update(orders, { id: 1, status: "paid" });
  driver.update(orders, { id: 1, total_amount: money("12.35") });
  await driver.settle();
  assertEquals(shown(driver), [["2026-01-01", "paid", 1, "12.35"]]);
  driver.delete(orders, 1);
  await driver.settle();
  assertEquals(shown(driver), []);
});

Deno.test("order_funnel writes nothing for what it does not show, and nothing when started again", async () => {
  await using driver = createTopologyTestDriver(funnelTopology);
  driver.insert(orders, order({ id: 1 }));
  driver.insert(orders, order({ id: 2 }));
  await driver.settle();
  const { writes } = driver;
  driver.update(orders, { id: 1, note: "later" });
  await driver.settle();
  await driver.restart();
  assertEquals(driver.writes, writes);
});

Deno.test("order_funnel repairs a share deleted by hand at the next start", async () => {
  await using driver = createTopologyTestDriver(funnelTopology);
  for (let id = 1; id <= 20; id++) driver.insert(orders, order({ id }));
  await driver.settle();
  const before = shown(driver);
  await driver.tamper(orderFunnel, { where: { status: "paid" }, change: { orders: 0 } });
  const report = await driver.restart();
  assertEquals(shown(driver), before);
  assertEquals(report, [{ sink: "order_funnel", kept: 0, written: 3, deleted: 0, rewritten: 3, shares: true }]);
});
