import { assertEquals } from "@std/assert";
import { orderItems, orders, products, sellers, users } from "../../topologies/online_store/sources.ts";
import { sales } from "../../topologies/online_store/tables.ts";
import { column, openStore, revenue, TEN } from "./sales_store.ts";
import { at, item, money, order, product, seller } from "./store.ts";

Deno.test("sales shows every item with its order, product, seller and buyer", async () => {
  await using driver = openStore();
  await driver.settle();
  assertEquals(driver.select(sales)[0], {
    order_item_id: 1,
    order_id: 1,
    placed_at: at("10:30:00"),
    status: "paid",
    product_id: 1,
    product: "Kite",
    category: "toys",
    seller_id: 1,
    seller: "Anna",
    buyer_country: "DE",
    quantity: 2,
    unit_price: "19.90",
    amount: "39.80",
  });
  assertEquals(column(driver.select(sales), "order_item_id", "product", "seller"), [[1, "Kite", "Anna"], [
    2,
    "Lamp",
    "Bert",
  ]]);
  assertEquals(revenue(driver), [[1, TEN, "39.80", 2, 1], [2, TEN, "5.00", 1, 1]]);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("sales follows an item that moves to another order, and its revenue to another hour", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.insert(orders, order({ id: 2, user_id: 9, placed_at: at("11:15:00"), status: "shipped" }));
  driver.update(orderItems, { id: 1, order_id: 2 });
  await driver.settle();
  assertEquals(column(driver.select(sales), "order_item_id", "order_id", "status", "buyer_country"), [
    [1, 2, "shipped", null],
    [2, 1, "paid", "DE"],
  ]);
  assertEquals(revenue(driver), [[1, at("11:00:00"), "39.80", 2, 1], [2, TEN, "5.00", 1, 1]]);
});

Deno.test("sales shows an item when the order that it waits for comes", async () => {
  await using driver = openStore();
  driver.insert(orderItems, item({ id: 3, order_id: 77 }));
  await driver.settle();
  assertEquals(column(driver.select(sales), "order_item_id"), [[1], [2]]);
  driver.insert(orders, order({ id: 77 }));
  await driver.settle();
  assertEquals(column(driver.select(sales), "order_item_id", "order_id"), [[1, 1], [2, 1], [3, 77]]);
});

Deno.test("sales shows an item when the product, and the seller behind it, come", async () => {
  await using driver = openStore();
  driver.insert(orderItems, item({ id: 3, product_id: 5 }));
  driver.insert(products, product({ id: 5, seller_id: 6, name: "Rope" }));
  await driver.settle();
  assertEquals(driver.select(sales).length, 2, "a product without its seller is not in the catalogue");
  driver.insert(sellers, seller({ id: 6, name: "Cleo" }));
  await driver.settle();
  assertEquals(column(driver.select(sales), "order_item_id", "product", "seller").at(-1), [3, "Rope", "Cleo"]);
});

Deno.test("sales loses the items of a deleted order and shows them again when it is back", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.delete(orders, 1);
  await driver.settle();
  assertEquals(driver.select(sales), []);
  assertEquals(revenue(driver), []);
  driver.insert(orders, order({ id: 1, status: "shipped" }));
  await driver.settle();
  assertEquals(column(driver.select(sales), "order_item_id", "status"), [[1, "shipped"], [2, "shipped"]]);
  assertEquals(revenue(driver), [[1, TEN, "39.80", 2, 1], [2, TEN, "5.00", 1, 1]]);
});

Deno.test("sales hides the items of a cancelled order", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.update(orders, { id: 1, status: "cancelled" });
  await driver.settle();
  assertEquals([driver.select(sales), revenue(driver)], [[], []]);
  driver.update(orders, { id: 1, status: "paid" });
  await driver.settle();
  assertEquals(driver.select(sales).length, 2);
});

Deno.test("sales renames a seller in every row", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.update(sellers, { id: 1, name: "Anna & Co" });
  await driver.settle();
  assertEquals(column(driver.select(sales), "seller"), [["Anna & Co"], ["Bert"]]);
  assertEquals(revenue(driver), [[1, TEN, "39.80", 2, 1], [2, TEN, "5.00", 1, 1]]);
});

Deno.test("sales moves a product and its revenue to another seller", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.update(products, { id: 1, seller_id: 2 });
  await driver.settle();
  assertEquals(column(driver.select(sales), "seller_id", "seller"), [[2, "Bert"], [2, "Bert"]]);
  assertEquals(revenue(driver), [[2, TEN, "44.80", 3, 2]]);
});

Deno.test("sales keeps the items of a deleted user, without a country", async () => {
  await using driver = openStore();
  await driver.settle();
  driver.delete(users, 1);
  await driver.settle();
  assertEquals(column(driver.select(sales), "order_item_id", "buyer_country"), [[1, null], [2, null]]);
});

Deno.test("sales adds up prices without a cent of error", async () => {
  await using driver = openStore();
  for (let id = 10; id < 40; id++) {
    driver.insert(orderItems, item({ id, product_id: 1, quantity: 1, unit_price: money("0.10") }));
  }
  await driver.settle();
  for (let id = 10; id < 40; id++) driver.update(orderItems, { id, unit_price: money("0.20") });
  await driver.settle();
  for (let id = 10; id < 40; id++) driver.delete(orderItems, id);
  await driver.settle();
  assertEquals(revenue(driver)[0], [1, TEN, "39.80", 2, 1]);
});

Deno.test("sales writes nothing for updates that change nothing it shows", async () => {
  await using driver = openStore();
  await driver.settle();
  const { writes } = driver;
  driver.update(orders, { id: 1, note: "please ring twice", updated_at: at("12:00:00") });
  driver.update(users, { id: 1, loyalty_points: 500 });
  driver.update(sellers, { id: 1, rating: money("4.50") });
  driver.update(products, { id: 1, stock: 1 });
  driver.update(orderItems, { id: 1 });
  await driver.settle();
  assertEquals(driver.writes, writes);
});
