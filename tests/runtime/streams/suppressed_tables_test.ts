import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
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
  untilTimeLimit,
  untilWindowCloses,
} from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const late = clickhouse("late", { columns: { user_id: "Int64", clicks: "UInt64" }, key: ["user_id"] });
const told = clickhouseAppend("told", { columns: { user_id: "Int64", clicks: "UInt64" }, orderBy: ["user_id"] });
const minutes = clickhouse("minutes", {
  columns: { user_id: "Int64", window_start: "Int64", clicks: "UInt64", now: "UInt64" },
  key: ["user_id", "window_start"],
});
const all = clickhouse("all", { columns: { minute: "Int64", clicks: "Int64" }, key: ["minute"] });
const visits = clickhouse("visits", {
  columns: { user_id: "Int64", window_start: "Int64", window_end: "Int64", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});
const ends = clickhouseAppend("ends", {
  columns: { window_end: "Int64", clicks: "Nullable(UInt64)" },
  orderBy: ["window_end"],
});

const byUser = (builder: TopologyBuilder) => builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));

/** A click of the user at a second. */
const click = (user_id: number, second: number) => ({ key: null, value: { user_id }, timestampMs: second * 1_000 });

/** Counts of users, of which changes wait. */
const counted = (until: ReturnType<typeof untilTimeLimit>) =>
  topology("counted", (builder) => {
    const counts = byUser(builder).aggregate("counts", { clicks: count() });
    const lately = counts.suppress("lately", until);
    lately.to(late);
    builder.toStream(lately).flatMapValues((row) => row === null ? [] : [row]).to(told);
  });

Deno.test("changes that wait for a time limit are told as one, and a restart tells nothing again", async () => {
  await using driver = createTopologyTestDriver(counted(untilTimeLimit({ minutes: 1 })), { partitions: 1 });
  for (const second of [0, 10, 59]) driver.send(clicks, click(1, second));
  driver.send(clicks, click(2, 59));
  await driver.settle();
  assertEquals(driver.select(late), []);
  await driver.restart();
  driver.send(clicks, click(1, 60));
  await driver.settle();
  assertEquals(driver.select(late), [{ user_id: 1, clicks: 4 }]);
  driver.send(clicks, click(1, 61));
  driver.send(clicks, click(2, 119));
  await driver.restart();
  assertEquals(driver.select(late), [{ user_id: 1, clicks: 4 }, { user_id: 2, clicks: 2 }]);
  const { writes } = driver;
  await driver.restart();
  assertEquals([driver.writes, driver.appended(told)], [writes, [
    { user_id: 1, clicks: 4 },
    { user_id: 2, clicks: 2 },
  ]]);
  assertEquals(driver.problems(), []);
});

Deno.test("windows are told once when they close, by 3 partitions, and go on as any table", async () => {
  const closing = topology("closing", (builder) => {
    const counts = byUser(builder).windowedBy(tumbling({ minutes: 1 })).aggregate("counts", { clicks: count() });
    const closed = counts.suppress("closed", untilWindowCloses());
    closed.join("of", counts).mapValues(({ of, ...row }) => ({ ...row, now: of.clicks })).to(minutes);
    closed.groupBy(({ window_start }) => ({ minute: window_start / 60_000_000 }))
      .aggregate("all", { clicks: sum(({ clicks }) => clicks) }).to(all);
  });
  await using driver = createTopologyTestDriver(closing, { partitions: 3 });
  const users = Array.from({ length: 12 }, (_, user) => user);
  for (const second of [0, 10, 59]) for (const user of users) driver.send(clicks, click(user, second));
  await driver.restart();
  assertEquals([driver.select(minutes), driver.select(all)], [[], []]);
  for (const user of users) driver.send(clicks, click(user, 60));
  await driver.restart();
  assertEquals(
    driver.select(minutes),
    users.map((user_id) => ({ user_id, window_start: 0, clicks: 3, now: 3 })),
  );
  assertEquals(driver.select(all), [{ minute: 0, clicks: 36 }]);
  assertEquals(driver.problems(), []);
});

Deno.test("what waits does not wait for ever where windows may be idle, or what waits may", async () => {
  const idle = topology("idle", (builder) => {
    const windows = tumbling({ minutes: 1 }, { idle: { seconds: 30 } });
    const counts = byUser(builder).windowedBy(windows).aggregate("counts", { clicks: count() });
    counts.suppress("closed", untilWindowCloses()).mapValues((row) => ({ ...row, now: 0 })).to(minutes);
    const totals = byUser(builder).aggregate("totals", { clicks: count() });
    totals.suppress("lately", untilTimeLimit({ days: 1 }, { idle: { minutes: 5 } })).to(late);
    builder.toStream(totals.suppress("never", untilTimeLimit({ days: 1 }))).mapValues((row) => row!).to(told);
  });
  await using driver = createTopologyTestDriver(idle, { partitions: 2 });
  for (const second of [0, 10, 59]) driver.send(clicks, click(7, second));
  await driver.advanceWallClockTime({ seconds: 20 });
  assertEquals([driver.select(minutes), driver.select(late)], [[], []]);
  await driver.advanceWallClockTime({ seconds: 20 });
  assertEquals(driver.select(minutes), [{ user_id: 7, window_start: 0, clicks: 3, now: 0 }]);
  await driver.restart();
  assertEquals(driver.select(late), []);
  await driver.advanceWallClockTime({ minutes: 6 });
  assertEquals(driver.select(late), [{ user_id: 7, clicks: 3 }]);
  assertEquals(driver.appended(told), []);
});

Deno.test("more than may wait stops the topology, and nothing of it is lost", async () => {
  const bound = (maxRecords: number) => untilTimeLimit({ minutes: 1 }, { maxRecords, whenFull: "stop" });
  await using driver = createTopologyTestDriver(counted(bound(2)), { partitions: 1 });
  for (const user of [1, 2]) driver.send(clicks, click(user, 0));
  await driver.settle();
  driver.send(clicks, click(3, 1));
  const error = await assertRejects(() => driver.settle()) as Error;
  assertEquals(error.name, "LimitError");
  assertStringIncludes(error.message, 'Cannot let another change of "lately" wait: current values are 3 of 2 rows');
  const again = await assertRejects(() => driver.restart()) as Error;
  assertEquals(again.message, error.message);
  await driver.restart({ topology: counted(bound(3)) });
  driver.send(clicks, click(1, 61));
  await driver.settle();
  assertEquals(driver.select(late).map(({ user_id, clicks }) => `${user_id}: ${clicks}`), ["1: 2", "2: 1", "3: 1"]);
  // Whatever waits goes on to wait as it is declared now.
  driver.send(clicks, click(4, 70));
  driver.send(clicks, click(5, 71));
  await driver.restart({ topology: counted(untilTimeLimit({ hours: 1 }, { maxRecords: 1, whenFull: "emit" })) });
  driver.send(clicks, click(5, 72));
  await driver.settle();
  assertEquals(driver.select(late).map(({ user_id }) => user_id), [1, 2, 3, 4]);
});

Deno.test("what waits goes on to wait for the limit that is declared now", async () => {
  const limited = (minutes: number) => counted(untilTimeLimit({ minutes }));
  await using driver = createTopologyTestDriver(limited(1), { partitions: 1 });
  driver.send(clicks, click(1, 0));
  await driver.settle();
  await driver.restart({ topology: limited(3) });
  driver.send(clicks, click(2, 90));
  await driver.settle();
  await driver.restart();
  assertEquals(driver.select(late), []);
  driver.send(clicks, click(3, 180));
  await driver.settle();
  assertEquals(driver.select(late), [{ user_id: 1, clicks: 1 }]);
  await driver.restart({ topology: limited(1) });
  driver.send(clicks, click(3, 181));
  await driver.settle();
  assertEquals(driver.select(late).map(({ user_id }) => user_id), [1, 2]);
});

Deno.test("a session that grows is told under its new end, and gone under the one that was told", async () => {
  const visited = topology("visited", (builder) => {
    const grown = byUser(builder).windowedBy(session({ seconds: 30 }))
      .aggregate("sessions", { clicks: count() });
    const lately = grown.suppress("lately", untilTimeLimit({ seconds: 20 }));
    lately.to(visits);
    builder.toStream(lately).map((row, { window_end }) => [null, { window_end, clicks: row?.clicks ?? null }]).to(ends);
  });
  await using driver = createTopologyTestDriver(visited, { partitions: 1 });
  const shown = () => driver.select(visits).map((row) => [row.user_id, row.window_end, row.clicks].join());
  for (const second of [0, 5]) driver.send(clicks, click(1, second));
  driver.send(clicks, click(2, 25));
  await driver.restart();
  assertEquals(shown(), ["1,5000000,2"]);
  driver.send(clicks, click(1, 34));
  await driver.restart();
  assertEquals(shown(), ["1,5000000,2"], "it is not gone before its new end is told");
  driver.send(clicks, click(3, 54));
  await driver.restart();
  assertEquals(shown(), ["1,34000000,3", "2,25000000,1"]);
  assertEquals(driver.appended(ends).map(({ window_end, clicks }) => `${window_end}: ${clicks}`), [
    "5000000: 2",
    "5000000: null",
    "34000000: 3",
    "25000000: 1",
  ]);
});

Deno.test("what waits has the partitions of its aggregate, also where it is declared later", async () => {
  const views = events("shop.views", { row: z.object({ user_id: int8() }) });
  const windows = tumbling({ minutes: 1 });
  const shop = (until: ReturnType<typeof untilWindowCloses> | null) =>
    topology("shop", (builder) => {
      const counts = byUser(builder).windowedBy(windows).aggregate("counts", { clicks: count() });
      counts.mapValues((row) => ({ ...row, now: 0 })).to(minutes);
      if (until === null) return;
      // Of a wider topic, so that new topics are wider, too.
      builder.stream(views).forEach(() => {});
      counts.suppress("closed", until).to(visits);
    });
  await using driver = createTopologyTestDriver(shop(null), { partitions: { clicks: 2, views: 5 } });
  const users = Array.from({ length: 10 }, (_, user) => user);
  for (const user of users) driver.send(clicks, click(user, 0));
  await driver.settle();
  await driver.restart({ topology: shop(untilWindowCloses()) });
  for (const second of [1, 61]) for (const user of users) driver.send(clicks, click(user, second));
  await driver.restart();
  assertEquals(
    driver.select(visits).map(({ user_id, clicks }) => `${user_id}: ${clicks}`),
    users.map((u) => `${u}: 2`),
  );
  assert(driver.problems().length === 0, driver.problems().join());
});
