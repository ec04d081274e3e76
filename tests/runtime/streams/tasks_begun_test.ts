import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, int8, type Topology, topology, tumbling } from "../../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const totals = (name: string) =>
  clickhouse(name, { key: ["user_id"], columns: { user_id: "Int64", clicks: "UInt64" } });
const windows = clickhouse("windows", {
  key: ["user_id", "window_start"],
  columns: { user_id: "Int64", window_start: "Int64", window_end: "Int64", clicks: "UInt64" },
});

/** Counts clicks by user, under each of these names and into the sink beside it. */
function counted(sinks: Readonly<Record<string, string>>) {
  return topology("counted", (builder) => {
    const byUser = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));
    for (const [name, sink] of Object.entries(sinks)) byUser.aggregate(name, { clicks: count() }).to(totals(sink));
  });
}

/** Ten clicks, five of each of two users. */
function clickTen(driver: TopologyTestDriver): void {
  for (let index = 0; index < 10; index++) {
    driver.send(clicks, { key: null, value: { user_id: index % 2 }, timestampMs: 1_000 + index, partition: 0 });
  }
}

const clicksOf = (driver: TopologyTestDriver, name: string) => driver.select(totals(name)).map((row) => row.clicks);

Deno.test("streams take no event while a table's task cannot start", async () => {
  await using driver = createTopologyTestDriver(counted({ a: "x" }), { partitions: 1 });
  clickTen(driver);
  await driver.settle();
  clickTen(driver);
  await assertRejects(() => driver.restart({ topology: counted({ b: "x" }) }), Error, "no longer has");
  await driver.restart({ topology: counted({ a: "x" }) });
  assertEquals([clicksOf(driver, "x"), driver.problems()], [[10, 10], []]);
});

Deno.test("streams take no event while a stage cannot start", async () => {
  const windowed = (minutes: number, beside: Readonly<Record<string, string>>): Topology =>
    topology("counted", (builder) => {
      const byUser = builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));
      byUser.windowedBy(tumbling({ minutes })).count("w").mapValues((row) => ({ ...row, clicks: row.count }))
        .to(windows);
      for (const [name, sink] of Object.entries(beside)) byUser.aggregate(name, { clicks: count() }).to(totals(sink));
    });
  await using driver = createTopologyTestDriver(windowed(1, { a: "x" }), { partitions: 1 });
  clickTen(driver);
  await driver.settle();
  clickTen(driver);
  await assertRejects(() => driver.restart({ topology: windowed(2, {}) }), Error, "declared otherwise");
  await driver.restart({ topology: windowed(1, { a: "x" }) });
  assertEquals([clicksOf(driver, "x"), driver.select(windows).map((row) => row.clicks)], [[10, 10], [10, 10]]);
  assertEquals(driver.problems(), []);
});
