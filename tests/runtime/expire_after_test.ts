import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, sum, timestamptz, type Topology, topology } from "../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";

const orders = debezium("old.orders", {
  key: ["id"],
  row: z.object({ id: int8(), customer: int8(), amount: z.int(), at: timestamptz().nullable() }),
});
const items = debezium("old.items", { key: ["id"], row: z.object({ id: int8(), order: int8() }) });

const shown = {
  young: clickhouse("young", { key: ["id"], columns: { id: "Int64", amount: "Int64" } }),
  sums: clickhouse("sums", { key: ["customer"], columns: { customer: "Int64", n: "UInt64", amount: "Int64" } }),
  busy: clickhouse("busy", { key: ["customer"], columns: { customer: "Int64", n: "UInt64" } }),
  inner: clickhouse("inner", { key: ["id"], columns: { id: "Int64", amount: "Int64" } }),
  left: clickhouse("left", { key: ["id"], columns: { id: "Int64", amount: "Nullable(Int64)" } }),
};

/** An hour for every row: it is shown, added up in two ways, and looked up. */
const hour: Topology = topology("old", (builder) => {
  const young = builder.table(orders).expireAfter("at", { hours: 1 });
  young.to(shown.young);
  const grouped = young.groupBy(({ customer }) => ({ customer }));
  grouped.aggregate("sums", { n: count(), amount: sum((order) => order.amount) }).to(shown.sums);
  grouped.aggregate("counts", { n: count() }).filter(({ n }) => n > 1).to(shown.busy);
  const table = builder.table(items);
  table.join("of", young, (item) => item.order)
    .mapValues(({ id, of }) => ({ id, amount: of.amount })).to(shown.inner);
  table.leftJoin("perhaps", young, (item) => item.order)
    .mapValues(({ id, perhaps }) => ({ id, amount: perhaps?.amount ?? null })).to(shown.left);
});

const MINUTE_US = 60_000_000;

/** Microseconds since the epoch of so many minutes from now. */
function minutesFromNow(driver: TopologyTestDriver, minutes: number): number {
  return Math.floor(driver.nowMs) * 1_000 + minutes * MINUTE_US;
}

function put(driver: TopologyTestDriver, id: number, order: { customer?: number; amount?: number; minutes?: number }) {
  const { customer = 1, amount = id, minutes = 0 } = order;
  driver.insert(orders, { id, customer, amount, at: minutesFromNow(driver, minutes) });
}

function tables(driver: TopologyTestDriver) {
  const rows = (name: keyof typeof shown) => driver.select(shown[name]).map((row) => Object.values(row).join(" "));
  return { young: rows("young"), sums: rows("sums"), busy: rows("busy"), inner: rows("inner"), left: rows("left") };
}

Deno.test("expireAfter() takes a row out of everything when its time comes, without any record", async () => {
  await using driver = createTopologyTestDriver(hour);
  put(driver, 1, { minutes: 0 });
  put(driver, 2, { minutes: 30 });
  put(driver, 3, { minutes: 90, customer: 2 });
  for (const id of [1, 2, 3]) driver.insert(items, { id, order: id });
  await driver.settle();
  const everything = {
    young: ["1 1", "2 2", "3 3"],
    sums: ["1 2 3", "2 1 3"],
    busy: ["1 2"],
    inner: ["1 1", "2 2", "3 3"],
    left: ["1 1", "2 2", "3 3"],
  };
  assertEquals(tables(driver), everything);

  await driver.advanceWallClockTime({ milliseconds: 3_600_000 - (driver.nowMs % 60_000) - 1 });
  assertEquals(tables(driver), everything);
  await driver.advanceWallClockTime({ milliseconds: 1_000 });
  const { writes } = driver;
  assertEquals(tables(driver), {
    young: ["2 2", "3 3"],
    sums: ["1 1 2", "2 1 3"],
    busy: [],
    inner: ["2 2", "3 3"],
    left: ["1 ", "2 2", "3 3"],
  });
  await driver.advance(120_000);
  assertEquals(driver.writes, writes, "nothing else has happened");

  await driver.advanceWallClockTime({ days: 1 });
  assertEquals(tables(driver), { young: [], sums: [], busy: [], inner: [], left: ["1 ", "2 ", "3 "] });
});

Deno.test("expireAfter() is exact to the millisecond of the clock", async () => {
  await using driver = createTopologyTestDriver(hour, { options: { pollWaitMs: 20_000, flushIntervalMs: 0 } });
  await driver.settle();
  const at = minutesFromNow(driver, 0) - 60 * MINUTE_US + 5_000_000;
  driver.insert(orders, { id: 1, customer: 1, amount: 1, at });
  await driver.settle();
  const leftMs = (at + 60 * MINUTE_US) / 1_000 - driver.nowMs;
  await driver.advance(leftMs - 1);
  assertEquals(tables(driver).young, ["1 1"]);
  await driver.advance(1);
  assertEquals(tables(driver).young, []);
});

Deno.test("expireAfter() follows a row's time when it changes; a row without one stays", async () => {
  await using driver = createTopologyTestDriver(hour);
  for (const id of [1, 2, 3, 4]) put(driver, id, {});
  await driver.settle();
  driver.update(orders, { id: 1, at: minutesFromNow(driver, 60) });
  driver.update(orders, { id: 2, at: null });
  driver.update(orders, { id: 3, at: minutesFromNow(driver, -59) });
  driver.delete(orders, 4);
  await driver.advanceWallClockTime({ minutes: 2 });
  assertEquals(tables(driver).young, ["1 1", "2 2"]);
  driver.update(orders, { id: 3, at: minutesFromNow(driver, 0) });
  driver.insert(orders, { id: 4, customer: 1, amount: 4, at: minutesFromNow(driver, -90) });
  await driver.advanceWallClockTime({ minutes: 59 });
  assertEquals(tables(driver).young, ["1 1", "2 2", "3 3"]);
  await driver.advanceWallClockTime({ minutes: 61 });
  assertEquals(tables(driver).young, ["2 2"]);
});

for (const snapshotEveryMs of [0, 3_000]) {
  const how = snapshotEveryMs === 0 ? "from the log" : "with snapshots";
  Deno.test(`expireAfter(): what expired while nobody ran leaves at the start, ${how}`, async () => {
    await using driver = createTopologyTestDriver(hour, { options: { snapshotEveryMs } });
    for (let id = 1; id <= 40; id++) {
      put(driver, id, { minutes: id, customer: id % 5 });
      driver.insert(items, { id, order: id });
    }
    await driver.settle();
    await driver.advance(10_000);
    const before = { tables: tables(driver), writes: driver.writes };
    const unchanged = await driver.restart();
    assertEquals({ tables: tables(driver), writes: driver.writes }, before);
    assertEquals(unchanged.every(({ written, deleted }) => written + deleted === 0), true);

    const report = await driver.restart({ after: { minutes: 80 } });
    const ids = Array.from({ length: 20 }, (_, index) => `${index + 21} ${index + 21}`);
    assertEquals(tables(driver).young, ids);
    assertEquals(tables(driver).inner, ids);
    assertEquals(report.find(({ sink }) => sink === "young"), { sink: "young", kept: 20, written: 0, deleted: 20 });
    await driver.advanceWallClockTime({ minutes: 10 });
    assertEquals(tables(driver).young, ids.slice(10));
  });
}

Deno.test("expireAfter(): a start may delete all that has grown old, but not what is missing", async () => {
  const options = { deletesMaxRows: 5, deletesMaxShare: 0.1 };
  for (const snapshotEveryMs of [0, 3_000]) {
    await using driver = createTopologyTestDriver(hour, { options: { ...options, snapshotEveryMs } });
    for (let id = 1; id <= 60; id++) {
      put(driver, id, { customer: id });
      driver.insert(items, { id, order: id });
    }
    await driver.settle();
    await driver.advance(10_000);
    await driver.restart({ after: { days: 3 } });
    const { left, ...others } = tables(driver);
    assertEquals([others, left.length], [{ young: [], sums: [], busy: [], inner: [] }, 60]);
  }
  await using driver = createTopologyTestDriver(hour, { options });
  for (let id = 1; id <= 60; id++) put(driver, id, { customer: id, minutes: 600 });
  await driver.settle();
  const emptied = topology("old", (builder) => {
    builder.table(orders).filter(() => false).expireAfter("at", { hours: 1 }).to(shown.young);
  });
  const error = await driver.restart({ topology: emptied }).catch((error) => error);
  assertEquals([error.name, tables(driver).young.length], ["RestoreError", 60]);
});

Deno.test("expireAfter() lets thousands of rows go at once, some in each turn", async () => {
  await using driver = createTopologyTestDriver(hour, { options: { sliceRows: 50 } });
  for (let id = 1; id <= 5_000; id++) put(driver, id, { customer: id % 7 });
  await driver.settle();
  assertEquals(tables(driver).young.length, 5_000);
  await driver.advanceWallClockTime({ hours: 1 });
  assertEquals(tables(driver), { young: [], sums: [], busy: [], inner: [], left: [] });
});

Deno.test("expireAfter(): what is no time is a dead letter; a time may be a function of row and key", async () => {
  const odd = topology("odd", (builder) => {
    builder.table(orders)
      .expireAfter((order, id) => id === 1 ? undefined as never : (order.at ?? 0) + order.amount * MINUTE_US, {
        minutes: 0,
      })
      .to(shown.young);
  });
  await using driver = createTopologyTestDriver(odd);
  for (const id of [1, 2, 30]) put(driver, id, {});
  await driver.settle();
  assertEquals(driver.select(shown.young).map(({ id }) => id), [2, 30]);
  assertEquals(driver.deadLetters().map(({ operator }) => operator), ["orders.expireAfter"]);
  await driver.advanceWallClockTime({ minutes: 20 });
  assertEquals(driver.select(shown.young).map(({ id }) => id), [30]);
});
