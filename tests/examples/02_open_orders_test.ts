import { assertEquals } from "@std/assert";
import { Decimal } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { openOrders, used } from "../../examples/02_open_orders.ts";

Deno.test("open_orders shows an order as long as it is open, also when it is opened again", async () => {
  await using driver = createTopologyTestDriver(topology);
  const shown = async () => {
    await driver.settle();
    return driver.select(openOrders).map(({ id, status }) => [id, status]);
  };
  const total_amount = Decimal.parse("10.00");
  driver.insert(used, { id: 1, user_id: 7, status: "pending", total_amount });
  driver.insert(used, { id: 2, user_id: 7, status: "cancelled", total_amount });
  assertEquals(await shown(), [[1, "pending"]]);
  driver.update(used, { id: 1, status: "delivered" });
  driver.update(used, { id: 2, status: "paid" });
  assertEquals(await shown(), [[2, "paid"]]);
});
