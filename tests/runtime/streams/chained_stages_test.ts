import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, int8, session, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8(), page: z.string() }) });

Deno.test("changes of sessions have the whole window as their key, and may be grouped by it", async () => {
  const ends = clickhouse("ends", {
    key: ["window_end"],
    columns: { window_end: "Int64", sessions: "UInt64" },
  });
  const declared = topology("ends", (builder) => {
    const sessions = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
      .windowedBy(session({ seconds: 10 })).emit("close").count("sessions");
    builder.toStream(sessions).groupBy((_, { window_end }) => ({ window_end }))
      .aggregate("ends", { sessions: count() }).to(ends);
  });
  await using driver = createTopologyTestDriver(declared, { partitions: 1 });
  const click = (user_id: number, timestampMs: number) =>
    driver.send(clicks, { key: null, value: { user_id, page: "/" }, timestampMs });
  click(1, 1_000);
  click(2, 2_000);
  click(1, 5_000);
  await driver.settle();
  await driver.restart();
  click(2, 5_000);
  click(3, 6_000);
  click(4, 16_000);
  await driver.settle();
  await driver.restart();
  assertEquals(driver.select(ends), [{ window_end: 5_000_000, sessions: 2 }]);
  click(4, 16_001);
  await driver.settle();
  assertEquals(driver.select(ends), [{ window_end: 5_000_000, sessions: 2 }, { window_end: 6_000_000, sessions: 1 }]);
});
