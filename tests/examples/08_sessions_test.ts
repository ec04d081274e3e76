import { assertEquals } from "@std/assert";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { views, visits } from "../../examples/08_sessions.ts";

Deno.test("sessions become one when an event comes between them, also behind a restart", async () => {
  await using driver = createTopologyTestDriver(topology);
  const view = (time: string) =>
    driver.send(views, { value: { user_id: 7, page: "/" }, timestampMs: Date.parse(`2026-01-01T${time}Z`) });
  const shown = async () => {
    await driver.settle();
    return driver.select(visits).map(({ pages }) => pages);
  };
  view("10:00:00");
  view("10:50:00");
  assertEquals(await shown(), [1, 1]);
  await driver.restart();
  view("10:25:00");
  assertEquals(await shown(), [3]);
});
