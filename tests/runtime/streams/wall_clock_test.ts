import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, int8, store, topology } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const orders = events("shop.orders", { row: z.object({ id: int8(), minutes: int8().array() }) });
const columns = { id: "Int64", due: "Int64", late: "Int64", orders: "Int64" } as const;
const reminders = clickhouseAppend("reminders", { columns, orderBy: ["id"] });
const MINUTE_US = 60_000_000;

/** Reminds of each order after so many minutes, told in minutes since it came. */
const REMINDED = topology("reminded", (builder) => {
  builder.stream(orders).process("reminders", {
    on: ({ id }) => ({ id }),
    stores: { of: store<number>() },
    process: ({ minutes }, { stores: { of }, scheduleWallClock, wallClockUs }) => {
      of.put("n", (of.get("n") ?? 0) + 1);
      of.put("first", of.get("first") ?? wallClockUs);
      for (const minute of minutes) scheduleWallClock(wallClockUs + Number(minute) * MINUTE_US);
      return [] as { id: bigint | number; due: number; late: number; orders: number }[];
    },
    punctuateWallClock: ({ key: { id }, stores: { of }, timestampUs, wallClockUs }) => {
      if (id === 13) throw new RangeError("13 is not wanted");
      const [due, late] = [timestampUs - of.get("first")!, wallClockUs - timestampUs];
      return [{ id, due: due / MINUTE_US, late: Math.floor(late / MINUTE_US), orders: of.get("n")! }];
    },
  }).to(reminders);
});

Deno.test("a processor is called by the wall clock, without an event, and once for what a stop missed", async () => {
  await using driver = createTopologyTestDriver(REMINDED, { partitions: 2 });
  const told = () => driver.appended(reminders).map(({ id, due, late, orders }) => `${id} ${due} ${late} ${orders}`);
  driver.send(orders, { key: null, value: { id: 1, minutes: [1, 10, 30, 40] }, timestampMs: 5 });
  driver.send(orders, { key: null, value: { id: 2, minutes: [10] }, timestampMs: 9e12 });
  await driver.settle();
  await driver.advanceWallClockTime({ seconds: 59 });
  assertEquals(told(), []);
  await driver.advanceWallClockTime({ seconds: 1 });
  assertEquals(told(), ["1 1 0 1"]);
  await driver.restart();
  await driver.advance(30_000);
  assertEquals(told(), ["1 1 0 1"]);
  driver.send(orders, { key: null, value: { id: 1, minutes: [] }, timestampMs: 5 });
  await driver.settle();
  await driver.restart({ after: { minutes: 32 } });
  await driver.restart();
  assertEquals(told().sort(), ["1 1 0 1", "1 10 23 2", "1 30 3 2", "2 10 23 1"]);
  await driver.advanceWallClockTime({ days: 1 });
  assertEquals(told().filter((row) => row.startsWith("1 40")), ["1 40 1433 2"]);
  assertEquals(driver.deadLetters(), []);
});

Deno.test("a processor is called by the wall clock while events come without a pause", async () => {
  await using driver = createTopologyTestDriver(REMINDED, { partitions: 1 });
  driver.send(orders, { key: null, value: { id: 1, minutes: [1] } });
  await driver.settle();
  for (let seconds = 0; seconds < 70; seconds += 10) {
    for (let n = 0; n < 500; n++) driver.send(orders, { key: null, value: { id: 2, minutes: [] } });
    await driver.advance(10_000);
  }
  const [{ late }, ...others] = driver.appended(reminders);
  assertEquals([late, others], [0, []]);
});

Deno.test("a call by the wall clock that throws is a dead letter, and those of other keys are made", async () => {
  await using driver = createTopologyTestDriver(REMINDED, { partitions: 1 });
  for (const id of [13, 14]) driver.send(orders, { key: null, value: { id, minutes: [1] } });
  await driver.settle();
  await driver.restart();
  await driver.advanceWallClockTime({ minutes: 2 });
  await driver.restart();
  const letters = driver.deadLetters();
  assertEquals([letters.length, driver.appended(reminders).map(({ id }) => id)], [1, [14]]);
  assert(letters[0].error.includes("13 is not wanted"), letters[0].error);
});
