import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { catalogue, items, placed, shops, topSellers } from "../../examples/04_top_sellers.ts";
import { at, money } from "../topologies/store.ts";

Deno.test("top_sellers counts by months of Vienna, and follows orders that are cancelled", async () => {
  await using driver = createTopologyTestDriver(topology);
  const shown = async () => {
    await driver.settle();
    return driver.select(topSellers).map(({ seller, items, revenue, best }) => [seller, items, revenue, best]);
  };
  driver.insert(shops, { id: 3, name: "Anna" });
  for (const [id, name] of [[5, "Kite"], [6, "Ball"]] as const) driver.insert(catalogue, { id, seller_id: 3, name });
  driver.insert(placed, { id: 1, status: "paid", placed_at: at("10:00:00") });
  // 23:30 UTC on 31 December is January in Vienna.
  driver.insert(placed, { id: 2, status: "paid", placed_at: at("00:00:00") - 1_800_000_000 });
  driver.insert(items, { id: 11, order_id: 1, product_id: 5, quantity: 2, unit_price: money("10.00") });
  driver.insert(items, { id: 12, order_id: 2, product_id: 6, quantity: 5, unit_price: money("1.50") });
  assertEquals(await shown(), [["Anna", 2, "27.50", ["Ball", "Kite"]]]);
  driver.update(placed, { id: 2, status: "cancelled" });
  assertEquals(await shown(), [["Anna", 1, "20.00", ["Kite"]]]);
  driver.update(shops, { id: 3, name: "Anna & Co" });
  assertEquals(await shown(), [["Anna & Co", 1, "20.00", ["Kite"]]]);
});
