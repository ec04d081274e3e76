import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, count, events, int8, sum, topic, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const row = z.object({ user: int8(), n: int8() });
const told = events("shop.told", { row, repeats: "drop" });
const totals = clickhouse("totals", { key: ["user"], columns: { user: "Int64", events: "UInt64", n: "Int64" } });
const once = clickhouseAppend("once", { columns: { n: "Int64" }, orderBy: ["n"] });
const all = clickhouseAppend("every", { columns: { n: "Int64" }, orderBy: ["n"] });

const app = topology("repeats", (builder) => {
  const stream = builder.stream(told);
  stream.flatMapValues((value) => value.n < 0 ? [value, value] : [value])
    .groupBy(({ user }) => ({ user }))
    .aggregate("by-user", { events: count(), n: sum(({ n }) => n) }).to(totals);
  stream.repartition("told-once", { on: ({ user }) => ({ user }) }).mapValues(({ n }) => ({ n })).to(once);
  stream.mapValues(({ n }) => ({ n })).to(all);
});

/** As a topology writes it. `origin`: null for a record of somebody else. */
const event = (n: number, [user, origin]: readonly [number, string | null]) => ({
  key: `k${user}`,
  value: { user, n },
  ...(origin === null ? {} : { headers: { "weir-origin": `shop.clicks@id/${origin}` } }),
});

const open = () => createTopologyTestDriver(app, { partitions: 1 });

Deno.test("a stage counts events once that a topology has written again, by their origin", async () => {
  await using driver = open();
  for (const at of ["0/5/0", "0/5/1", "0/7/0"]) driver.send(told, event(Number(at[2]), [1, at]));
  driver.send(told, event(100, [1, "1/2/0"]));
  driver.send(told, event(-9, [2, "0/8/0"]));
  await driver.settle();
  // The stretch comes again, and goes on; another partition of the source does not mind.
  for (const at of ["0/5/1", "0/7/0"]) driver.send(told, event(Number(at[2]), [1, at]));
  driver.send(told, event(-9, [2, "0/8/0"]));
  driver.send(told, event(9, [1, "0/9/0"]));
  driver.send(told, event(100, [1, "1/2/0"]));
  driver.send(told, event(1, [3, null]));
  driver.send(told, event(1, [3, null]));
  await driver.settle();
  const shown = driver.select(totals).map(({ user, events, n }) => [user, events, n].map(Number));
  assertEquals(shown, [[1, 5, 5 + 5 + 7 + 100 + 9], [2, 2, -18], [3, 2, 2]]);
  const ns = (sink: typeof once) => driver.appended(sink).map(({ n }) => Number(n)).sort((a, b) => a - b);
  assertEquals(ns(once), [-9, 1, 1, 5, 5, 7, 9, 100]);
  assertEquals(ns(all).length, 12, "what keeps nothing cannot tell");
});

Deno.test("a stage knows after a restart which events came before", async () => {
  await using driver = open();
  driver.send(told, event(3, [1, "0/1/0"]));
  driver.send(told, event(4, [2, "0/2/0"]));
  await driver.settle();
  driver.send(told, event(3, [1, "0/1/0"]));
  await driver.restart();
  driver.send(told, event(4, [2, "0/2/0"]));
  driver.send(told, event(5, [2, "0/3/0"]));
  await driver.settle();
  await driver.restart();
  const shown = driver.select(totals).map(({ user, events, n }) => [user, events, n].map(Number));
  assertEquals(shown, [[1, 1, 3], [2, 2, 9]]);
  assertEquals(driver.appended(once).length, 3);
  assertEquals(driver.dropped().filter(({ reason }) => reason === "repeat").length, 0, "those of this start alone");
});

Deno.test("without being told a stage takes records as they come", async () => {
  const plain = events("shop.told", { row });
  const taking = topology("taking", (builder) => {
    builder.stream(plain).groupBy(({ user }) => ({ user }))
      .aggregate("by-user", { events: count(), n: sum(({ n }) => n) }).to(totals);
  });
  await using driver = createTopologyTestDriver(taking, { partitions: 1 });
  driver.send(plain, event(3, [1, "0/1/0"]));
  driver.send(plain, event(3, [1, "0/1/0"]));
  await driver.settle();
  assertEquals(Number(driver.select(totals)[0].events), 2);
});

Deno.test("a topology reads what another has written, in which it may stand twice", async () => {
  const clicks = events("shop.clicks", { row });
  const written = topic("shop.told", { key: "text" });
  const writing = topology("writing", (builder) => builder.stream(clicks).to(written));
  await using writer = createTopologyTestDriver(writing, { partitions: 1 });
  writer.send(clicks, { key: "k1", value: { user: 1, n: 7 } });
  writer.send(clicks, { key: "k1", value: { user: 1, n: 8 } });
  await writer.settle();
  await using driver = open();
  const records = await writer.output(written);
  for (const { headers, value } of [...records, ...records]) {
    driver.send(told, { key: "k1", value: value as object, headers });
  }
  await driver.settle();
  assertEquals(driver.select(totals).map(({ events, n }) => [events, n].map(Number)), [[2, 15]]);
});
