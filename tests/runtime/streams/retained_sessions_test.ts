import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  count,
  type Duration,
  events,
  int8,
  session,
  sliding,
  topology,
  type TopologyBuilder,
} from "../../../src/mod.ts";
import { streamAggregateRows } from "../../../src/oracle/stream_aggregate_oracle.ts";
import type { StreamAggregateNode } from "../../../src/dsl/stream_nodes.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../../src/testing/mod.ts";
import { Choices } from "../../simulation/choices.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const visits = clickhouse("visits", {
  columns: { user_id: "Int64", window_start: "Int64", window_end: "Int64", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});
const GAP = { seconds: 10 };
const GRACE = { seconds: 5 };

const byUser = (builder: TopologyBuilder) => builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }));

/** Visits, which are kept for so long. */
const counted = (retention?: Duration, emit: "update" | "close" = "update") =>
  topology("counted", (builder) => {
    byUser(builder).windowedBy(session(GAP, { grace: GRACE, retention })).emit(emit)
      .aggregate("by_visit", { clicks: count() }).to(visits);
  });

/** The same in sliding windows. */
const slid = (retention?: Duration, emit: "update" | "close" = "update") =>
  topology("slid", (builder) => {
    byUser(builder).windowedBy(sliding(GAP, { grace: GRACE, retention })).emit(emit)
      .aggregate("by_visit", { clicks: count() }).to(visits);
  });

const options = { repairAfterMs: 5_000 };

const start = async (made = counted({ minutes: 1 }), partitions = 1) => {
  const driver = createTopologyTestDriver(made, { partitions, options });
  await driver.settle();
  return driver;
};

/** A click of the user at a second. */
function click(driver: TopologyTestDriver, [user_id, second]: readonly [user: number, second: number]): void {
  driver.send(clicks, { key: null, value: { user_id }, timestampMs: second * 1_000 });
}

/** What is shown of a user: from second, to second, clicks. */
function shown(driver: TopologyTestDriver, user: number): number[][] {
  return driver.select(visits).filter(({ user_id }) => Number(user_id) === user)
    .map((row) => [Number(row.window_start) / 1e6, Number(row.window_end) / 1e6, Number(row.clicks)])
    .sort(([a], [b]) => a - b);
}

/** Time passes for all, as another user comes now and then: until a horizon was told at about this second. */
async function passed(driver: TopologyTestDriver, { from, to }: { readonly from: number; readonly to: number }) {
  for (let second = from; second <= to; second += 20) {
    click(driver, [9, second]);
    await driver.advance(2_000);
  }
  await driver.advance(10_000);
}

/** Where windows begin that the table's tasks keep, of a user. */
function kept(driver: TopologyTestDriver, user: number): number[] {
  return driver.store<{ user_id: number; window_start: number }>("by_visit").all()
    .filter(({ key }) => Number(key.user_id) === user).map(({ key }) => key.window_start / 1e6);
}

Deno.test("sessions beyond their retention leave the memory, and ClickHouse keeps them", async () => {
  for (const partitions of [1, 3]) {
    await using driver = await start(counted({ minutes: 2 }), partitions);
    for (let visit = 0; visit < 60; visit++) {
      for (const second of [0, 5, 12]) for (const user of [1, 2, 3]) click(driver, [user, visit * 60 + second]);
      await driver.advance(2_000);
    }
    await driver.advance(10_000);
    const rows = Array.from({ length: 60 }, (_, visit) => [visit * 60, visit * 60 + 12, 3]);
    for (const user of [1, 2, 3]) assertEquals(shown(driver, user), rows);
    const stays = kept(driver, 1);
    assert(stays[0] >= 57 * 60 - 8 && stays.at(-1) === 59 * 60, `${stays} are kept`);
    const { writes } = driver;
    await driver.restart();
    await driver.advance(60_000);
    assertEquals([shown(driver, 1), driver.writes], [rows, writes], "a start leaves them alone");
    assertEquals(driver.problems(), []);
  }
});

Deno.test("a session stays as long as it grows, however long ago it began", async () => {
  await using driver = await start();
  for (let second = 0; second <= 600; second += 10) {
    click(driver, [1, second]);
    if (second % 60 === 0) await driver.advance(10_000);
    // Another one's are over again and again.
    if (second % 50 === 0) click(driver, [2, second]);
    if (second === 300) await driver.restart();
  }
  await driver.advance(10_000);
  assertEquals([shown(driver, 1), kept(driver, 1)], [[[0, 600, 61]], [0]]);
  assert(!kept(driver, 2).includes(0), `${kept(driver, 2)} are kept`);
  // It may be asked for, though it began beyond the horizon.
  const store = driver.store<{ user_id: number; window_start: number }, { clicks: number }>("by_visit");
  const key = { user_id: 1, window_start: 0 };
  assertEquals([Number(store.get(key)!.clicks), store.isBeyondRetention(key)], [61, false]);
  assertEquals(store.isBeyondRetention({ user_id: 2, window_start: 0 }), true);
  await driver.tamper(visits, { where: { user_id: 1 }, change: { clicks: 7 } });
  await driver.restart();
  assertEquals(shown(driver, 1), [[0, 600, 61]], "what is known is compared");
});

Deno.test("a session that is gone stays gone, as long as it is remembered and later", async () => {
  await using driver = await start();
  for (const second of [20, 31, 22, 12]) click(driver, [1, second]);
  await driver.advance(10_000);
  assertEquals(shown(driver, 1), [[12, 31, 4]]);
  await driver.restart();
  await passed(driver, { from: 40, to: 300 });
  assertEquals([shown(driver, 1), kept(driver, 1)], [[[12, 31, 4]], []]);
  await driver.restart();
  await driver.advance(60_000);
  assertEquals(shown(driver, 1), [[12, 31, 4]]);
});

for (const restarts of [false, true]) {
  Deno.test(
    `a session that grows back to where a forgotten one began takes its row${restarts ? ", after a start" : ""}`,
    async () => {
      await using driver = await start();
      click(driver, [1, 100]);
      await passed(driver, { from: 120, to: 400 });
      assertEquals([shown(driver, 1), kept(driver, 1)], [[[100, 100, 1]], []]);
      if (restarts) await driver.restart();
      // Late events that a session takes which is open, each before the last one.
      for (let second = 400; second >= 100; second -= 10) click(driver, [1, second]);
      await driver.advance(10_000);
      assertEquals(shown(driver, 1), [[100, 400, 31]]);
      click(driver, [1, 91]);
      await driver.advance(10_000);
      assertEquals(shown(driver, 1), [[91, 400, 32]], "it begins elsewhere, and that row is gone");
      await passed(driver, { from: 420, to: 800 });
      await driver.restart();
      assertEquals([shown(driver, 1), kept(driver, 1)], [[[91, 400, 32]], []]);
    },
  );

  Deno.test(
    `where a session grows beyond a forgotten one at once, that row is gone${restarts ? ", after a start" : ""}`,
    async () => {
      await using driver = await start();
      click(driver, [1, 100]);
      await passed(driver, { from: 120, to: 400 });
      if (restarts) await driver.restart();
      // The table never sees a session that begins at 100.
      for (let second = 400; second >= 100; second -= 10) click(driver, [1, second]);
      click(driver, [1, 91]);
      await driver.settle();
      assertEquals(shown(driver, 1), [[91, 400, 32]]);
    },
  );
}

Deno.test("a late event is late, whatever is forgotten", async () => {
  await using driver = await start();
  click(driver, [1, 100]);
  await passed(driver, { from: 120, to: 400 });
  click(driver, [1, 105]);
  await driver.advance(10_000);
  assertEquals(shown(driver, 1), [[100, 100, 1]]);
  assertEquals(driver.dropped().map(({ operator, reason }) => [operator, reason]), [["by_visit", "late"]]);
});

/** The rows that events make, computed from scratch; in the order of users and starts. */
function computed(made: ReturnType<typeof counted>, sent: readonly { user_id: number; second: number }[]) {
  const node = made.streams.find(({ op }) => op === "streamAggregate") as StreamAggregateNode;
  const given = sent.map(({ user_id, second }) => ({
    ...{ input: 0, columns: { user_id }, value: { user_id }, timestampUs: second * 1e6 },
  }));
  return textsOf(streamAggregateRows(node, given));
}

function textsOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  return rows.map(({ user_id, window_start, window_end, clicks }) =>
    `${user_id} ${Number(window_start) / 1e6} ${Number(window_end) / 1e6} ${clicks}`
  ).sort();
}

for (
  const [what, make] of [["sessions", counted], ["sliding windows", slid]] as const
) {
  Deno.test(`${what} that go by age are shown as all events make them, whatever happens between`, async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const choices = new Choices(seed);
      const made = make({ seconds: 15 + choices.below(30) }, choices.pick(["update", "close"]));
      await using driver = await start(made);
      const sent: { user_id: number; second: number }[] = [];
      let second = 0;
      let late = 0;
      for (let step = 0; step < 150; step++) {
        second += choices.chance(0.1) ? 5 + choices.below(30) : choices.below(4);
        late = choices.chance(0.6) && late > 0 ? late - choices.below(9) : second - choices.below(60);
        const event = { user_id: 1 + choices.below(2), second: choices.chance(0.3) ? Math.max(0, late) : second };
        sent.push(event);
        click(driver, [event.user_id, event.second]);
        if (choices.chance(0.3)) await driver.advance(choices.below(8_000));
        if (choices.chance(0.04)) await driver.restart();
      }
      await driver.advance(10_000);
      assertEquals(textsOf(driver.select(visits)), computed(made, sent), `${what}, seed ${seed}`);
      await driver.restart();
      await driver.advance(10_000);
      assertEquals(textsOf(driver.select(visits)), computed(made, sent), `${what}, seed ${seed}, after a start`);
    }
  });
}
