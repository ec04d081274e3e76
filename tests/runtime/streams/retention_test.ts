import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  count,
  type Duration,
  events,
  int8,
  topology,
  type TopologyBuilder,
  tumbling,
} from "../../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const minutes = clickhouse("minutes", {
  columns: { user_id: "Int64", window_start: "Int64", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});

const byUser = (builder: TopologyBuilder) => builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));

/** Clicks by minute, which are kept for so long. */
const counted = (retention?: Duration) =>
  topology("counted", (builder) => {
    byUser(builder).windowedBy(tumbling({ minutes: 1 }, { grace: { seconds: 30 }, retention })).aggregate("by_minute", {
      clicks: count(),
    }).to(minutes);
  });

/** A click of the user at a second. */
const click = (user_id: number, second: number) => ({ key: null, value: { user_id }, timestampMs: second * 1_000 });

const USERS = [1, 2, 3];
const options = { repairAfterMs: 5_000 };

/** A click of each user in each of these minutes; some time passes now and then. */
async function clicked(driver: TopologyTestDriver, { from = 0, to }: { readonly from?: number; readonly to: number }) {
  for (let minute = from; minute < to; minute++) {
    for (const user of USERS) driver.send(clicks, click(user, minute * 60 + user));
    if (minute % 10 === 9) await driver.advance(10_000);
  }
  await driver.advance(10_000);
}

/** Minutes of the rows that the table's tasks keep, each once. */
function kept(driver: TopologyTestDriver): number[] {
  const starts = driver.store<{ window_start: number }>("by_minute").all().map(({ key }) => key.window_start / 60e6);
  return [...new Set(starts)].sort((a, b) => a - b);
}

/** How many rows ClickHouse shows, and those whose count is not 1. */
function shown(driver: TopologyTestDriver) {
  const rows = driver.select(minutes).map((row) => Number(row.clicks));
  return { rows: rows.length, others: rows.filter((clicks) => clicks !== 1).length };
}

const start = async (retention?: Duration, partitions = 1) => {
  const driver = createTopologyTestDriver(counted(retention), { partitions, options });
  await driver.settle();
  return driver;
};

Deno.test("windows beyond their retention leave the memory, and ClickHouse keeps them", async () => {
  for (const partitions of [1, 3]) {
    await using driver = await start({ minutes: 5 }, partitions);
    await clicked(driver, { to: 100 });
    assertEquals(shown(driver), { rows: 300, others: 0 });
    // Time is each partition's own, and a horizon is told when it is greater by a sixteenth.
    assert(kept(driver)[0] >= 93 && kept(driver).at(-1) === 99, `${kept(driver)} are kept`);
    const { writes } = driver;
    await driver.restart();
    await driver.advance(60_000);
    assertEquals([shown(driver), driver.writes], [{ rows: 300, others: 0 }, writes], "a start leaves them alone");
    await clicked(driver, { from: 100, to: 120 });
    assertEquals(shown(driver), { rows: 360, others: 0 });
    assertEquals(driver.problems(), []);
  }
});

Deno.test("an event beyond retention opens no empty window over a row that ClickHouse shows", async () => {
  await using driver = await start({ minutes: 5 });
  await clicked(driver, { to: 40 });
  for (const restarts of [false, true]) {
    if (restarts) await driver.restart();
    driver.send(clicks, click(1, 3 * 60));
    await driver.advance(1_000);
    assertEquals(shown(driver), { rows: 120, others: 0 });
    assertEquals(driver.dropped().map(({ operator, reason }) => [operator, reason]), [["by_minute", "late"]]);
  }
});

Deno.test("a longer retention deletes nothing of what is forgotten, and keeps more from then on", async () => {
  await using driver = await start({ minutes: 5 });
  await clicked(driver, { to: 40 });
  const { writes } = driver;
  const [first] = kept(driver);
  await driver.restart({ topology: counted({ minutes: 20 }) });
  await driver.advance(10_000);
  assertEquals([shown(driver), driver.writes], [{ rows: 120, others: 0 }, writes]);
  assertEquals(kept(driver)[0], first);
  await clicked(driver, { from: 40, to: 50 });
  assertEquals([kept(driver)[0], shown(driver).rows], [first, 150], "twenty minutes are not over");
  await clicked(driver, { from: 50, to: 80 });
  assert(kept(driver)[0] > first, `${kept(driver)} are kept`);
});

Deno.test("a shorter retention lets go of more at once", async () => {
  await using driver = await start({ minutes: 30 });
  await clicked(driver, { to: 60 });
  assert(kept(driver)[0] < 35, `${kept(driver)} are kept`);
  await driver.restart({ topology: counted({ minutes: 2 }) });
  await driver.advance(10_000);
  assert(kept(driver)[0] >= 57, `${kept(driver)} are kept`);
  assertEquals(shown(driver), { rows: 180, others: 0 });
  await driver.restart();
  assertEquals(shown(driver), { rows: 180, others: 0 });
});

Deno.test("a retention may come later; without it what is forgotten is missing, so the start is refused", async () => {
  await using driver = await start();
  await clicked(driver, { to: 40 });
  assertEquals(kept(driver).length, 40);
  await driver.restart({ topology: counted({ minutes: 5 }) });
  await driver.advance(10_000);
  assert(kept(driver)[0] >= 33, `${kept(driver)} are kept`);
  const refused = await assertRejects(() => driver.restart({ topology: counted() }));
  assertStringIncludes((refused as Error).message, 'Cannot go on with "by_minute" without a retention');
  assertEquals(shown(driver), { rows: 120, others: 0 });
});

Deno.test("what a person deletes beyond the horizon stays deleted, and comes back before it", async () => {
  await using driver = await start({ minutes: 5 });
  await clicked(driver, { to: 40 });
  for (const minute of [3, 38]) {
    await driver.tamper(minutes, { where: { window_start: minute * 60e6 }, change: null });
  }
  await driver.restart();
  assertEquals(shown(driver), { rows: 117, others: 0 });
  await driver.advance(600_000);
  assertEquals(shown(driver), { rows: 117, others: 0 });
});

Deno.test("a store tells a window beyond retention from one that never was", async () => {
  await using driver = await start({ minutes: 5 }, 3);
  await clicked(driver, { to: 40 });
  const store = driver.store<{ user_id: number; window_start: number }, { clicks: number }>("by_minute");
  assertEquals(Number(store.get({ user_id: 1, window_start: 38 * 60e6 })!.clicks), 1);
  const beyond = (user: number, minute: number) =>
    store.isBeyondRetention({ user_id: user, window_start: minute * 60e6 });
  assertEquals([beyond(1, 3), beyond(1, 38), beyond(9, 39)], [true, false, false]);
});
