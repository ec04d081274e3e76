import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { storeCustomers, storeDays, storeSales } from "../../examples/10_whole_store.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import { click } from "../topologies/shop_events.ts";
import { item, money, order, product, seller, user } from "../topologies/store.ts";

Deno.test("whole_store follows the database and the shop's events, and a restart writes nothing", async () => {
  await using driver = createTopologyTestDriver(topology);
  driver.insert(sellers, seller({ id: 1, name: "Anna" }));
  driver.insert(products, product({ id: 5, seller_id: 1 }));
  for (const id of [7, 8]) driver.insert(users, user({ id, full_name: `User ${id}` }));
  driver.insert(orders, order({ id: 1, user_id: 7, total_amount: money("20.00") }));
  driver.insert(orderItems, item({ id: 11, order_id: 1, product_id: 5, quantity: 2, unit_price: money("10.00") }));
  click(driver, { user_id: 8, at: "10:00:00.123456" });
  await driver.settle();
  assertEquals(driver.select(storeSales).map(({ seller, amount }) => [seller, amount]), [["Anna", "20.00"]]);
  assertEquals(driver.select(storeDays).map(({ category, revenue }) => [category, revenue]), [["toys", "20.00"]]);
  const customers = () => driver.select(storeCustomers).map(({ id, orders, looks }) => [id, orders, looks]);
  assertEquals(customers(), [[7, 1, 0], [8, 0, 1]]);

  driver.update(orders, { id: 1, status: "cancelled" });
  await driver.settle();
  assertEquals(driver.deadLetters(), []);
  assertEquals([driver.select(storeSales), driver.select(storeDays), customers()], [[], [], [[8, 0, 1]]]);
  const { writes } = driver;
  await driver.restart();
  assertEquals([customers(), driver.writes], [[[8, 0, 1]], writes]);
});
