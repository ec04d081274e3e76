import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, int8, session, topology, tumbling } from "../../../src/mod.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const minutes = clickhouse("minutes", {
  columns: { user_id: "Int64", window_start: "DateTime64(6)", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});
const counted = topology("counted", (builder) => {
  builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
    .windowedBy(tumbling({ minutes: 1 }, { grace: { seconds: 30 }, retention: { minutes: 5 } }))
    .aggregate("by_minute", { clicks: count() }).to(minutes);
});
const USERS = [1, 2, 3, 4, 5];

Deno.test("explain() says of windows beyond their retention that ClickHouse alone has them", async () => {
  await using driver = createTopologyTestDriver(counted, { partitions: 3, options: { repairAfterMs: 5_000 } });
  for (let minute = 0; minute < 40; minute++) {
    for (const user_id of USERS) driver.send(clicks, { key: null, value: { user_id }, timestampMs: minute * 60_000 });
    if (minute % 10 === 9) await driver.advance(10_000);
  }
  await driver.settle();
  for (const user_id of USERS) {
    const asked = (minute: number) => driver.explain(minutes, { user_id, window_start: minute * 60e6 });
    const old = await asked(3);
    assertEquals([old.outcome, Number(old.shown!.row.clicks), old.shown!.digestsEqual, old.notes], [
      ...["beyond retention", 1, null],
      [],
    ]);
    const sentence = new RegExp(
      `^minutes \\(${user_id}, 1970-01-01 00:03:00\\) is beyond the retention: of windows that began at ` +
        "1970-01-01 00:[0-9:.]+ UTC or before ClickHouse alone has the rows, and it shows this one$",
    );
    assert(sentence.test(old.sentence), old.sentence);
    assertEquals((await asked(39)).outcome, "shown");
    assertEquals((await asked(60)).outcome, "unknown", "a window that is not there yet");
  }
  const none = await driver.explain(minutes, { user_id: 9, window_start: 3 * 60e6 });
  assertEquals([none.outcome, none.shown, none.sentence.endsWith(", and it has none")], [
    "beyond retention",
    null,
    true,
  ]);
  const table = await driver.explain("by_minute", { user_id: 1, window_start: 3 * 60e6 });
  assertEquals([table.outcome, table.shownKnown], ["beyond retention", false]);
  await driver.tamper(minutes, { where: { user_id: 1, window_start: 3 * 60e6 }, change: { clicks: 7 } });
  const changed = await driver.explain(minutes, { user_id: 1, window_start: 3 * 60e6 });
  assertEquals([changed.shown!.changedByHand, changed.notes], [true, [
    "Its values were changed by hand: nobody knows any more what they should be",
  ]]);
});

Deno.test("explain() knows a session that grows, however long ago it began", async () => {
  const visits = topology("visits", (builder) => {
    builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
      .windowedBy(session({ minutes: 1 }, { retention: { minutes: 5 } })).aggregate("by_visit", { clicks: count() })
      .to(minutes);
  });
  await using driver = createTopologyTestDriver(visits, { partitions: 1, options: { repairAfterMs: 5_000 } });
  await driver.settle();
  for (const user_id of [1, 2]) driver.send(clicks, { key: null, value: { user_id }, timestampMs: 0 });
  for (let minute = 1; minute <= 20; minute++) {
    driver.send(clicks, { key: null, value: { user_id: 1 }, timestampMs: minute * 60_000 });
    await driver.advance(2_000);
  }
  await driver.advance(10_000);
  const outcome = async (user_id: number) => (await driver.explain(minutes, { user_id, window_start: 0 })).outcome;
  assertEquals([await outcome(1), await outcome(2)], ["shown", "beyond retention"]);
});
