import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  events,
  int8,
  session,
  sum,
  topology,
  type TopologyBuilder,
  tumbling,
} from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8(), amount: int8() }) });
const totals = clickhouse("totals", {
  columns: { user_id: "Int64", clicks: "UInt64", amount: "Int64" },
  key: ["user_id"],
});
const visits = clickhouse("visits", {
  columns: { user_id: "Int64", window_start: "Int64", window_end: "Int64", pages: "UInt64" },
  key: ["user_id", "window_start"],
});
const minutes = clickhouseAppend("minutes", {
  columns: { user_id: "Int64", minute: "Int64", count: "UInt64" },
  orderBy: ["user_id", "minute"],
});

const byUser = (builder: TopologyBuilder) => builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));

/** A click of the user at a second. */
const click = (user_id: number, second: number) => {
  return { key: null, value: { user_id, amount: second }, timestampMs: second * 1_000 };
};

Deno.test("totals of a stream are of every event, and a restart neither counts again nor writes", async () => {
  const counted = topology("counted", (builder) => {
    byUser(builder).aggregate("by_user", { clicks: count(), amount: sum(({ amount }) => amount) }).to(totals);
  });
  await using driver = createTopologyTestDriver(counted, { partitions: 3 });
  for (let second = 0; second < 40; second++) {
    driver.send(clicks, { ...click(second % 4, second), partition: second % 3 });
    if (second % 7 === 0) await driver.settle();
  }
  await driver.settle();
  const rows = [180, 190, 200, 210].map((amount, user_id) => ({ user_id, clicks: 10, amount }));
  assertEquals(driver.select(totals), rows);
  const writes = driver.writes;
  await driver.restart();
  assertEquals([driver.select(totals), driver.writes], [rows, writes]);
  driver.send(clicks, click(3, 90));
  await driver.restart();
  assertEquals(driver.select(totals)[3], { user_id: 3, clicks: 11, amount: 300 });
  assertEquals(driver.problems(), []);
});

Deno.test("a session is one row while it grows, and two that an event connects become one", async () => {
  const visited = topology("visited", (builder) => {
    byUser(builder).windowedBy(session({ seconds: 10 }, { grace: { minutes: 1 } }))
      .aggregate("by_visit", { pages: count() }).to(visits);
  });
  await using driver = createTopologyTestDriver(visited, { partitions: 1 });
  const shown = () => driver.select(visits).map((row) => [row.window_start, row.window_end, row.pages].join());
  for (const second of [100, 105, 120, 125]) driver.send(clicks, click(1, second));
  await driver.settle();
  assertEquals(shown(), ["100000000,105000000,2", "120000000,125000000,2"]);
  driver.send(clicks, click(1, 113));
  await driver.restart();
  assertEquals(shown(), ["100000000,125000000,5"]);
});

Deno.test("windows that close go into an append table once, whatever is read again", async () => {
  const closing = topology("closing", (builder) => {
    const closed = byUser(builder).windowedBy(tumbling({ minutes: 1 })).emit("close").count("by_minute");
    builder.toStream(closed)
      .mapValues((row) => ({ user_id: row!.user_id, minute: row!.window_start / 60_000_000, count: row!.count }))
      .to(minutes);
  });
  await using driver = createTopologyTestDriver(closing, { partitions: 1 });
  for (const second of [0, 10, 59, 61, 30]) driver.send(clicks, click(7, second));
  await driver.restart();
  await driver.restart();
  assertEquals(driver.appended(minutes), [{ user_id: 7, minute: 0, count: 3 }], "the last one came too late");
  driver.send(clicks, click(8, 200));
  await driver.restart();
  assertEquals(driver.appended(minutes).map(({ minute, count }) => `${minute}: ${count}`), ["0: 3", "1: 1"]);
});

Deno.test("an aggregate that is declared otherwise is refused, and begins anew under another name", async () => {
  const named = (name: string, size: number) =>
    topology("named", (builder) => {
      byUser(builder).windowedBy(tumbling({ seconds: size })).aggregate(name, { pages: count() }).to(visits);
    });
  await using driver = createTopologyTestDriver(named("one", 10), { partitions: 1 });
  driver.send(clicks, click(1, 5));
  await driver.settle();
  const refused = await assertRejects(() => driver.restart({ topology: named("one", 20) }));
  assertStringIncludes((refused as Error).message, 'Cannot go on with "one"');
  // Rows of the other one are in the sink, as of any table that was given another name.
  await driver.restart({ topology: named("two", 20), options: { generation: 2 } });
  assertEquals(driver.select(visits), [], "its events were counted by the other one");
  driver.send(clicks, click(1, 45));
  await driver.settle();
  assertEquals(driver.select(visits).map(({ window_start, pages }) => [window_start, pages]), [[40_000_000, 1]]);
});

Deno.test("an aggregate under another name on the same sink is told what to do, which works", async () => {
  const named = (name: string, { size, sink = visits }: { readonly size: number; readonly sink?: typeof visits }) =>
    topology("named", (builder) => {
      byUser(builder).windowedBy(tumbling({ seconds: size })).aggregate(name, { pages: count() }).to(sink);
    });
  await using driver = createTopologyTestDriver(named("one", { size: 10 }), { partitions: 1 });
  driver.send(clicks, click(1, 5));
  await driver.settle();
  const changed = await assertRejects(() => driver.restart({ topology: named("one", { size: 20 }) }));
  assertStringIncludes((changed as Error).message, "Give it and its sink another name");
  const renamed = await assertRejects(() => driver.restart({ topology: named("two", { size: 20 }) }));
  const { message } = renamed as Error;
  for (const text of ["give its sink another name", 'drop "visits" and "visits_rows"', "WEIR_GENERATION=2"]) {
    assertStringIncludes(message, text);
  }
  const sink = clickhouse("visits_of_20", visits.spec as never) as unknown as typeof visits;
  await driver.restart({ topology: named("two", { size: 20, sink }) });
  driver.send(clicks, click(1, 45));
  await driver.settle();
  assertEquals(driver.select(sink).map(({ window_start, pages }) => [window_start, pages]), [[40_000_000, 1]]);
});

Deno.test("a quiet input does not hold its last windows open for longer than it may be idle", async () => {
  const idle = topology("idle", (builder) => {
    const closed = byUser(builder).windowedBy(tumbling({ minutes: 1 }, { idle: { seconds: 30 } })).emit("close")
      .count("by_minute");
    builder.toStream(closed)
      .mapValues((row) => ({ user_id: row!.user_id, minute: row!.window_start / 60_000_000, count: row!.count }))
      .to(minutes);
  });
  await using driver = createTopologyTestDriver(idle, { partitions: 2 });
  for (const second of [0, 10, 59]) driver.send(clicks, click(7, second));
  await driver.advanceWallClockTime({ seconds: 20 });
  assertEquals(driver.appended(minutes), []);
  await driver.advanceWallClockTime({ seconds: 20 });
  assertEquals(driver.appended(minutes), [{ user_id: 7, minute: 0, count: 3 }]);
  driver.send(clicks, click(7, 30));
  await driver.restart();
  await driver.advanceWallClockTime({ minutes: 10 });
  assertEquals(driver.appended(minutes).length, 1, "it came too late");
});
