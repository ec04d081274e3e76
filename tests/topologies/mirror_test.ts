import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import {
  orderItemsMirror,
  ordersMirror,
  productsMirror,
  sellersMirror,
  usersMirror,
} from "../../topologies/online_store/tables.ts";
import mirrorTopology from "../../topologies/mirror.ts";
import { at, item, money, order, product, seller, user } from "./store.ts";

Deno.test("mirror shows the five tables row by row, every type as ClickHouse shows it", async () => {
  await using driver = createTopologyTestDriver(mirrorTopology);
  driver.insert(users, user({ id: 1, birth_date: 10_000, phone: "+49 30 1234", is_active: false }));
  driver.insert(sellers, seller({ id: 1, rating: money("4.50"), metadata: '{"a": 1}', nickname: 'Q"uote' }));
  driver.insert(products, product({ id: 1, weight_kg: 0.25, tags: ["new", "süß"], description: "line\nbreak" }));
  driver.insert(orders, order({ id: 1, delivered_on: 20_454, placed_at: at("10:30:00") + 123_456 }));
  driver.insert(orderItems, item({ id: 1, discount: money("0.05") }));
  await driver.settle();
  const [shownUser] = driver.select(usersMirror);
  assertEquals([shownUser.birth_date, shownUser.phone, shownUser.is_active], ["1997-05-19", "+49 30 1234", false]);
  const [shownSeller] = driver.select(sellersMirror);
  assertEquals([shownSeller.rating, shownSeller.commission_rate, shownSeller.metadata, shownSeller.nickname], [
    "4.50",
    "0.0500",
    '{"a": 1}',
    'Q"uote',
  ]);
  const [shownProduct] = driver.select(productsMirror);
  assertEquals([shownProduct.weight_kg, shownProduct.tags, shownProduct.description], [
    0.25,
    ["new", "süß"],
    "line\nbreak",
  ]);
  const [shownOrder] = driver.select(ordersMirror);
  assertEquals([shownOrder.delivered_on, shownOrder.placed_at], ["2026-01-01", at("10:30:00") + 123_456]);
  assertEquals(driver.select(orderItemsMirror)[0].discount, "0.05");
  assertEquals(driver.deadLetters(), []);
});

Deno.test("mirror follows inserts, updates and deletes, and a key that comes back", async () => {
  await using driver = createTopologyTestDriver(mirrorTopology);
  for (let id = 1; id <= 9; id++) driver.insert(users, user({ id }));
  await driver.settle();
  driver.update(users, { id: 3, full_name: "Changed" });
  driver.delete(users, 4);
  driver.delete(users, 5);
  driver.insert(users, user({ id: 5, full_name: "Back" }));
  await driver.settle();
  assertEquals(driver.select(usersMirror).map(({ id, full_name }) => `${id} ${full_name}`), [
    "1 User 1",
    "2 User 2",
    "3 Changed",
    "5 Back",
    "6 User 6",
    "7 User 7",
    "8 User 8",
    "9 User 9",
  ]);
});

Deno.test("mirror keeps integers and ids beyond 2^53", async () => {
  await using driver = createTopologyTestDriver(mirrorTopology);
  const id = 9_007_199_254_740_993n;
  driver.insert(users, { ...user({ id: 1 }), id });
  driver.insert(orderItems, item({ id: 1, order_id: -(2n ** 63n) }));
  await driver.settle();
  assertEquals([driver.select(usersMirror)[0].id, driver.select(orderItemsMirror)[0].order_id], [id, -(2n ** 63n)]);
  driver.update(users, { id, full_name: "Great" });
  await driver.settle();
  assertEquals(driver.select(usersMirror).map((row) => row.full_name), ["Great"]);
  driver.delete(users, id);
  await driver.settle();
  assertEquals(driver.select(usersMirror), []);
});

Deno.test("mirror writes nothing for an update that changes nothing, and nothing when started again", async () => {
  await using driver = createTopologyTestDriver(mirrorTopology);
  driver.insert(users, user({ id: 1 }));
  driver.insert(orders, order({ id: 1 }));
  await driver.settle();
  const { writes } = driver;
  driver.update(users, { id: 1 });
  driver.update(orders, { id: 1, total_amount: money("10.0") });
  await driver.settle();
  const report = await driver.restart();
  assertEquals(driver.writes, writes);
  assertEquals(report.filter((row) => row.kept > 0).map((row) => row.sink), ["users", "orders"]);
});
