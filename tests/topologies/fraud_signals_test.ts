import { assertEquals } from "@std/assert";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import fraudTopology from "../../topologies/fraud_signals.ts";
import { declinedPayments, fraudSignals } from "../../topologies/online_store/tables.ts";
import { click, pay } from "./shop_events.ts";
import { at } from "./store.ts";

/** One partition has one time. */
const ONE = { partitions: 1 };

function shown(driver: TopologyTestDriver): unknown[][] {
  return driver.appended(fraudSignals)
    .map(({ order_id, signal, total, paid, country, card_country }) => [
      order_id,
      signal,
      total,
      paid,
      country,
      card_country,
    ]).sort();
}

/** The topology begins with what comes from now on: what was there before is nothing to it. */
async function begin(driver: TopologyTestDriver): Promise<void> {
  buy(driver, { order_id: 100, at: "08:00:00" });
  pay(driver, { order_id: 101, at: "08:00:00" });
  await driver.settle();
}

function buy(driver: TopologyTestDriver, { order_id, at }: { order_id: number; at: string }): void {
  click(driver, { type: "order", user_id: order_id, at, order_id, order_total: "10.00" });
}

for (const warehouse of ["memory", "embedded"] as const) {
  Deno.test(`fraud_signals tells what is wrong with payments, and once of orders without (${warehouse})`, async () => {
    await using driver = createTopologyTestDriver(fraudTopology, { ...ONE, warehouse });
    await begin(driver);
    for (let order_id = 1; order_id <= 6; order_id++) buy(driver, { order_id, at: `10:0${order_id}:00` });
    pay(driver, { order_id: 1, at: "10:01:05", amount: "10.0" });
    pay(driver, { order_id: 2, at: "10:02:05", amount: "9.99" });
    pay(driver, { order_id: 3, at: "10:03:05", card_country: "FR" });
    pay(driver, { order_id: 4, at: "10:04:05", amount: "100.00", card_country: "FR" });
    pay(driver, { order_id: 5, at: "10:05:05", status: "declined", card_country: "FR" });
    // Paid before the order's own event, by another process.
    pay(driver, { order_id: 6, at: "09:51:00", card_country: "FR" });
    await driver.settle();
    const paid = [
      [2, "other amount", "10.00", "9.99", "DE", "DE"],
      [3, "other country", "10.00", "10.00", "DE", "FR"],
      [4, "other amount", "10.00", "100.00", "DE", "FR"],
      [4, "other country", "10.00", "100.00", "DE", "FR"],
    ];
    const early = [6, "other country", "10.00", "10.00", "DE", "FR"];
    assertEquals(shown(driver), [...paid, early]);
    // Up to here a payment of order 5 may come.
    click(driver, { user_id: 9, at: "10:25:00" });
    buy(driver, { order_id: 7, at: "10:25:00" });
    await driver.settle();
    assertEquals(shown(driver), [...paid, early]);
    buy(driver, { order_id: 8, at: "10:25:01" });
    pay(driver, { order_id: 7, at: "10:26:00" });
    pay(driver, { order_id: 8, at: "10:26:00" });
    await driver.settle();
    const all = [...paid, [5, "no payment", "10.00", null, "DE", null], early];
    assertEquals(shown(driver), all);
    await driver.restart();
    assertEquals([shown(driver), driver.deadLetters(), driver.problems()], [all, [], []]);
    assertEquals(driver.appended(fraudSignals).find(({ order_id }) => order_id === 5)?.ordered_at, at("10:05:00"));
  });
}

Deno.test("fraud_signals tells once of an order for which a card was declined several times", async () => {
  await using driver = createTopologyTestDriver(fraudTopology, ONE);
  await begin(driver);
  const tried = (at: string, order_id: number) => pay(driver, { order_id, at, status: "declined", amount: "7.50" });
  const shown = () =>
    driver.select(declinedPayments).map(({ order_id, tries, amount, window_end }) => [
      ...[order_id, tries, amount],
      window_end === at("10:30:00"),
    ]);
  for (const time of ["10:00:00", "10:15:00", "10:30:00"]) tried(time, 1);
  tried("10:30:00", 2);
  for (const time of ["10:00:00", "10:15:01"]) tried(time, 3);
  tried("10:50:00", 4);
  await driver.settle();
  assertEquals(shown(), []);
  tried("10:50:01", 5);
  await driver.settle();
  assertEquals(shown(), [[1, 3, "7.50", true]]);
  await driver.restart();
  assertEquals([shown(), driver.deadLetters()], [[[1, 3, "7.50", true]], []]);
});

Deno.test("fraud_signals tells of a payment that came too late that the order has none", async () => {
  await using driver = createTopologyTestDriver(fraudTopology, ONE);
  await begin(driver);
  buy(driver, { order_id: 1, at: "10:00:00" });
  pay(driver, { order_id: 1, at: "10:15:01" });
  buy(driver, { order_id: 2, at: "11:00:00" });
  pay(driver, { order_id: 2, at: "11:00:01" });
  await driver.settle();
  assertEquals(shown(driver), [[1, "no payment", "10.00", null, "DE", null]]);
});
