import { assertEquals } from "@std/assert";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import recent, { customers, recentOrders } from "../../examples/05_recent_orders.ts";
import { orders, users } from "../../topologies/online_store/sources.ts";
import { at, money, order, user } from "../topologies/store.ts";

const DAY_US = 86_400_000_000;

function shown(driver: TopologyTestDriver): unknown[][] {
  const totals = driver.select(recentOrders).map(({ user_id, orders, spent }) => [user_id, orders, spent]);
  return [...totals, driver.select(customers).map((row) => row.recent_orders)];
}

Deno.test("orders of the last 30 days per customer: an order leaves its group when it grows old", async () => {
  await using driver = createTopologyTestDriver(recent);
  for (const id of [1, 2]) driver.insert(users, user({ id }));
  driver.insert(orders, order({ id: 1, placed_at: at("08:00:00") - 29 * DAY_US, total_amount: money("5.00") }));
  driver.insert(orders, order({ id: 2, placed_at: at("08:00:00") - 31 * DAY_US, total_amount: money("7.00") }));
  driver.insert(orders, order({ id: 3, placed_at: at("08:00:00"), total_amount: money("9.50") }));
  driver.insert(orders, order({ id: 4, user_id: 2, placed_at: at("08:00:00") - 28 * DAY_US }));
  await driver.settle();
  assertEquals(shown(driver), [[1, 2, "14.50"], [2, 1, "10.00"], [2, 1]]);
  const steps: [number, unknown[][]][] = [
    [1, [[1, 2, "14.50"], [2, 1, "10.00"], [2, 1]]],
    [1, [[1, 1, "9.50"], [2, 1, "10.00"], [1, 1]]],
    [1, [[1, 1, "9.50"], [1, 0]]],
    [27, [[1, 1, "9.50"], [1, 0]]],
    [1, [[0, 0]]],
  ];
  for (const [days, expected] of steps) {
    await driver.advanceWallClockTime({ days });
    assertEquals(shown(driver), expected, `${days} days later`);
  }
});

Deno.test("orders of the last 30 days: a start after a week of standing still shows what is true then", async () => {
  await using driver = createTopologyTestDriver(recent, { options: { snapshotEveryMs: 60_000 } });
  driver.insert(users, user({ id: 1 }));
  for (let day = 0; day < 30; day++) {
    driver.insert(
      orders,
      order({ id: day + 1, placed_at: at("00:00:00") - day * DAY_US, total_amount: money("1.00") }),
    );
  }
  await driver.settle();
  assertEquals(shown(driver), [[1, 30, "30.00"], [30]]);
  await driver.restart({ after: { days: 7 } });
  assertEquals(shown(driver), [[1, 23, "23.00"], [23]]);
  await driver.advanceWallClockTime({ days: 22 });
  assertEquals(shown(driver), [[1, 1, "1.00"], [1]]);
});
