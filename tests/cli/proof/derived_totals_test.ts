import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  count,
  events,
  last,
  max,
  sum,
  type Topology,
  topology,
  untilTimeLimit,
} from "../../../src/mod.ts";
import { TotalsWorld } from "./totals_world.ts";

const taps = events("shop.taps0", { row: z.object({ user: z.int(), amount: z.int() }) });
const columns = { user: "Int64", window_start: "Int64", events: "Int64", amount: "Int64", most: "Int64" } as const;
const amountOf = ({ amount }: { readonly amount: number }) => amount;
const PLACE = { sources: 1, partitions: 2 };

/** Totals whose changes wait for ten seconds of events. */
const waiting: Topology = topology("taps", (builder) => {
  builder.stream(taps).groupBy(({ user }) => ({ user }))
    .aggregate("sums", { events: count(), amount: sum(amountOf), most: max(amountOf) })
    .suppress("late", untilTimeLimit({ seconds: 10 }))
    .mapValues((row) => ({ ...row, amount: Number(row.amount), window_start: 0 }) as never)
    .to(clickhouse("totals", { key: ["user"], columns }) as never);
});

/** How many users have so many taps: an aggregate of totals, as of any table. */
const perCount: Topology = topology("taps", (builder) => {
  builder.stream(taps).groupBy(({ user }) => ({ user })).aggregate("sums", { events: count() })
    .mapValues(({ events }) => ({ taps: events }))
    .groupBy(({ taps }) => ({ user: taps }))
    .aggregate("users", { events: count() })
    .to(clickhouse("totals", { key: ["user"], columns: { user: "Int64", events: "Int64" } }) as never);
});

async function tapped(declared: Topology): Promise<TotalsWorld> {
  const world = await TotalsWorld.open(declared, PLACE);
  for (let at = 0; at < 60; at++) {
    await world.tap({ user: at % 7, partition: at % 2, amount: at % 5, second: at });
    if (at % 11 === 0) await world.turns(1);
    assertEquals(world.faults(), []);
  }
  await world.settled();
  await world.turns(3);
  return world;
}

Deno.test("totals whose changes wait are as Weir keeps them, and what somebody changes is found", async () => {
  await using world = await tapped(waiting);
  const reason = "which changes were told, and which still wait, depends on the order of partitions";
  const { rows, taken, differing, unjudged } = world.report;
  assertEquals([rows, taken, differing, unjudged], [0, [{ rows: world.stored().size, reason }], 0, 0]);
  const [[changed, row], [deleted]] = [...world.stored()];
  world.tampered.set(changed, [...row.slice(0, -1), "-1"]);
  world.tampered.set(deleted, null);
  await world.turns(3);
  assertEquals(world.faults().map((fault) => fault.split(" ")[1]).sort(), ["different", "missing"]);
});

Deno.test("an aggregate of totals is computed from all events", async () => {
  await using world = await tapped(perCount);
  const { rows, taken } = world.report;
  assertEquals([rows, taken], [world.stored().size, []]);
  const [[key, row]] = [...world.stored()];
  world.tampered.set(key, [row[0], "99"]);
  await world.turns(3);
  assertEquals(world.faults(), [`${row[0]} different`]);
});

/** Two totals of one user, of which only one does not depend on the order of partitions. */
const joined: Topology = topology("taps", (builder) => {
  const byUser = builder.stream(taps).groupBy(({ user }) => ({ user }));
  const sums = byUser.aggregate("sums", { events: count() });
  const lasts = byUser.aggregate("lasts", { most: last(amountOf, { by: () => 0 }) });
  sums.join("last", lasts)
    .mapValues(({ user, events, last: { most } }) => ({ user, events, most }))
    .to(clickhouse("totals", { key: ["user"], columns: { user: "Int64", events: "Int64", most: "Int64" } }) as never);
});

Deno.test("rows of several totals are compared with what is known of each", async () => {
  await using world = await tapped(joined);
  const { rows, taken } = world.report;
  assertEquals(rows + taken.reduce((sum, one) => sum + one.rows, 0), 7);
  const [[key, row]] = [...world.stored()];
  world.tampered.set(key, [row[0], "99", row[2]]);
  await world.turns(3);
  assertEquals(world.faults(), [`${row[0]} different`]);
});
