import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, count, events, int8, sum, topology } from "../../../src/mod.ts";
import { tumbling } from "../../../src/dsl/windows.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8(), amount: int8() }) });
const totals = clickhouse("totals", { columns: { user_id: "Int64", clicks: "UInt64", amount: "Int64" }, key: ["user_id"] });
const windows = clickhouse("windows", {
  columns: { user_id: "Int64", window_start: "DateTime64(6)", window_end: "DateTime64(6)", count: "UInt64" },
  key: ["user_id", "window_start"],
});
const log = clickhouseAppend("changes", { columns: { user_id: "Int64", count: "UInt64", at: "Int64" }, orderBy: ["at"] });

Deno.test("aggregates of a stream", async () => {
  const top = topology("agg", (builder) => {
    const stream = builder.stream(clicks);
    const grouped = stream.groupBy(({ user_id }) => ({ user_id }));
    grouped.aggregate("by_user", { clicks: count(), amount: sum(({ amount }) => amount) }).to(totals);
    const table = grouped.windowedBy(tumbling({ seconds: 10 })).count("by_window");
    table.to(windows as never);
    table.toStream().mapValues((row, _key, { timestampUs }) => ({ user_id: row!.user_id, count: row!.count, at: timestampUs })).to(log as never);
  });
  await using driver = createTopologyTestDriver(top, { partitions: 3 });
  for (let i = 0; i < 30; i++) {
    driver.send(clicks, { key: `${i}`, value: { user_id: i % 4, amount: i }, timestampMs: 1_000_000 + i * 1000 });
    if (i % 7 === 0) await driver.settle();
  }
  await driver.settle();
  console.log(driver.select(totals), driver.select(windows), driver.appended(log as never), driver.deadLetters(), driver.problems());
  console.log(await driver.restart());
  for (let i = 30; i < 40; i++) {
    driver.send(clicks, { key: `${i}`, value: { user_id: i % 4, amount: i }, timestampMs: 1_000_000 + i * 1000 });
  }
  await driver.settle();
  console.log(driver.select(totals), driver.select(windows));
});
