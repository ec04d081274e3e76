import { assertEquals } from "@std/assert";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import cartTopology from "../../topologies/cart_abandonment.ts";
import { orders } from "../../topologies/online_store/sources.ts";
import { cartAbandonment } from "../../topologies/online_store/tables.ts";
import { click, passTo } from "./shop_events.ts";
import { at, order } from "./store.ts";

function shown(driver: TopologyTestDriver): unknown[][] {
  return driver.select(cartAbandonment).map((row) => [
    row.user_id,
    row.window_start,
    row.cart_pieces,
    row.cart_value,
    row.left_at,
  ]);
}

function add(driver: TopologyTestDriver, { user_id, at }: { user_id: number; at: string }): void {
  click(driver, { type: "add_to_cart", user_id, at, product_id: 7, quantity: 2, unit_price: "12.30" });
}

for (const warehouse of ["memory", "embedded"] as const) {
  Deno.test(`cart_abandonment shows sessions that left a cart, once they are over (${warehouse})`, async () => {
    await using driver = createTopologyTestDriver(cartTopology, { warehouse });
    driver.insert(orders, order({ id: 50 }));
    // Looks at a page and goes.
    click(driver, { user_id: 1, at: "10:00:00" });
    // Fills a cart; half an hour later is the same visit, and a minute more another one, which comes to the checkout.
    add(driver, { user_id: 2, at: "10:00:00" });
    add(driver, { user_id: 2, at: "10:30:00" });
    add(driver, { user_id: 2, at: "11:00:01" });
    click(driver, { type: "checkout", user_id: 2, at: "11:01:00" });
    // Takes everything out again.
    add(driver, { user_id: 3, at: "10:00:00" });
    click(driver, { type: "remove_from_cart", user_id: 3, at: "10:01:00", quantity: 2, unit_price: "12.30" });
    // Buys.
    add(driver, { user_id: 4, at: "10:00:00" });
    click(driver, { type: "order", user_id: 4, at: "10:05:00", order_id: 50, order_total: "24.60" });
    passTo(driver, "10:40:00");
    await driver.settle();
    assertEquals(shown(driver), []);
    passTo(driver, "11:50:00");
    await driver.settle();
    const expected = [
      [2, at("10:00:00"), 4, "49.20", "cart"],
      [2, at("11:00:01"), 2, "24.60", "checkout"],
    ];
    assertEquals(shown(driver), expected);
    await driver.restart();
    assertEquals([shown(driver), driver.deadLetters(), driver.problems()], [expected, [], []]);
  });
}

Deno.test("cart_abandonment follows the session's order, whichever of both is known first", async () => {
  await using driver = createTopologyTestDriver(cartTopology);
  add(driver, { user_id: 1, at: "10:00:00" });
  click(driver, { type: "order", user_id: 1, at: "10:05:00", order_id: 50, order_total: "24.60" });
  passTo(driver, "11:00:00");
  await driver.settle();
  assertEquals(shown(driver), []);
  driver.insert(orders, order({ id: 50, status: "cancelled" }));
  await driver.settle();
  const row = [1, at("10:00:00"), 2, "24.60", "order cancelled"];
  assertEquals(shown(driver), [row]);
  driver.update(orders, { id: 50, status: "paid" });
  await driver.settle();
  assertEquals(shown(driver), []);
  driver.update(orders, { id: 50, status: "cancelled" });
  await driver.restart();
  assertEquals(shown(driver), [row]);
  driver.delete(orders, 50);
  await driver.settle();
  assertEquals(shown(driver), []);
});

Deno.test("cart_abandonment takes late events, which may make one session of two", async () => {
  await using driver = createTopologyTestDriver(cartTopology);
  add(driver, { user_id: 1, at: "10:00:00" });
  add(driver, { user_id: 1, at: "10:40:00" });
  click(driver, { user_id: 1, at: "10:20:00" });
  passTo(driver, "12:00:00");
  await driver.settle();
  assertEquals(shown(driver), [[1, at("10:00:00"), 4, "49.20", "cart"]]);
});
