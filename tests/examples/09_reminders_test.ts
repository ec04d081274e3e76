import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { carts, reminders } from "../../examples/09_reminders.ts";

Deno.test("reminders tell each unpaid cart once, a day behind what was put in last", async () => {
  await using driver = createTopologyTestDriver(topology, { partitions: 1 });
  const happens = (time: string, { user_id, item }: { user_id: number; item: string | null }) =>
    driver.send(carts, {
      value: { user_id, kind: item === null ? "paid" : "added", item },
      timestampMs: Date.parse(`2026-01-${time}Z`),
    });
  happens("01T10:00:00", { user_id: 7, item: "kite" });
  happens("01T10:00:00", { user_id: 8, item: "ball" });
  happens("01T11:00:00", { user_id: 8, item: null });
  await driver.settle();
  await driver.restart();
  assertEquals(await driver.output(reminders), []);
  happens("02T12:00:00", { user_id: 9, item: "hat" });
  await driver.settle();
  assertEquals((await driver.output(reminders)).map(({ value }) => value), [{ user_id: 7, items: ["kite"] }]);
});
