import { assertEquals } from "@std/assert";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { orderItems, orders } from "../../topologies/online_store/sources.ts";
import { productPerformance } from "../../topologies/online_store/tables.ts";
import performanceTopology from "../../topologies/product_performance.ts";
import { item, money, order } from "./store.ts";

function shown(driver: TopologyTestDriver): unknown[][] {
  return driver.select(productPerformance).map((row) => [
    row.product_id,
    row.day,
    row.units,
    row.revenue,
    row.items,
    row.cancelled_items,
    row.highest_price,
    row.average_price,
  ]);
}

function openStore(): TopologyTestDriver {
  const driver = createTopologyTestDriver(performanceTopology);
  driver.insert(orders, order({ id: 1 }));
  driver.insert(orders, order({ id: 2 }));
  driver.insert(orderItems, item({ id: 1, order_id: 1, quantity: 3, unit_price: money("1.00") }));
  driver.insert(orderItems, item({ id: 2, order_id: 2, quantity: 1, unit_price: money("2.00") }));
  driver.insert(orderItems, item({ id: 3, order_id: 2, quantity: 2, unit_price: money("2.00") }));
  return driver;
}

Deno.test("product_performance shows units, revenue, items and prices of a product and day", async () => {
  await using driver = openStore();
  await driver.settle();
  assertEquals(shown(driver), [[1, "2026-01-01", 6, "9.00", 3, 0, "2.00", "1.6666"]]);
});

Deno.test("product_performance counts the items of a cancelled order apart", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.update(orders, { id: 2, status: "cancelled" });
  await driver.settle();
  assertEquals(shown(driver), [[1, "2026-01-01", 3, "3.00", 3, 2, "2.00", "1.6666"]]);
});

Deno.test("product_performance finds the highest price again when the item that had it is deleted", async () => {
  await using driver = openStore();
  driver.insert(orderItems, item({ id: 4, unit_price: money("99.00") }));
  await driver.settle();
  assertEquals(shown(driver)[0].slice(6), ["99.00", "26.0000"]);
  driver.delete(orderItems, 4);
  driver.update(orderItems, { id: 2, unit_price: money("1.50") });
  await driver.settle();
  assertEquals(shown(driver)[0].slice(6), ["2.00", "1.5000"]);
});

Deno.test("product_performance moves an item to another product, and an empty one disappears", async () => {
  await using driver = openStore();
  await driver.settle();
  for (const id of [1, 2, 3]) driver.update(orderItems, { id, product_id: 2 });
  await driver.settle();
  assertEquals(shown(driver), [[2, "2026-01-01", 6, "9.00", 3, 0, "2.00", "1.6666"]]);
});

Deno.test("product_performance waits for an order that comes late, loses it, and has it back", async () => {
  await using driver = createTopologyTestDriver(performanceTopology);
  driver.insert(orderItems, item({ id: 1, order_id: 9 }));
  await driver.settle();
  assertEquals(shown(driver), []);
  driver.insert(orders, order({ id: 9 }));
  await driver.settle();
  assertEquals(shown(driver).length, 1);
  driver.delete(orders, 9);
  await driver.settle();
  assertEquals(shown(driver), []);
  driver.insert(orders, order({ id: 9 }));
  await driver.settle();
  assertEquals(shown(driver).length, 1);
});

Deno.test("product_performance writes nothing when it is started again", async () => {
  await using driver = openStore();
  await driver.settle();
  const { writes } = driver;
  await driver.restart();
  assertEquals(driver.writes, writes);
});
