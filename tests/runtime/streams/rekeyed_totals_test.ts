import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, events, sum, topology, TopologyError, tumbling } from "../../../src/mod.ts";
import { computeSinks } from "../../../src/oracle/oracle.ts";
import { compile } from "../../../src/plan/compile.ts";
import { type Key, keyOf } from "../../../src/record/key.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";

const clicks = events("shop.clicks", { row: z.object({ user: z.int(), amount: z.int() }) });

const totals = clickhouse("totals", { key: ["total"], columns: { total: "Int64", user: "Int64" } });
const parts = clickhouse("parts", { key: ["user", "at"], columns: { user: "Int64", at: "Int64", of: "Int64" } });
const either = clickhouse("either", { key: ["user"], columns: { user: "Int64", of: "Int64" } });
const slots = clickhouse("slots", {
  key: ["user", "window_start", "at"],
  columns: { user: "Int64", window_start: "Int64", at: "Int64", ends: "Int64", told: "String" },
});

/** Users by their totals; what a total is divided into; and what windows are. */
const divided = topology("divided", (builder) => {
  const byUser = builder.stream(clicks).groupBy(({ user }) => ({ user }));
  const sums = byUser.aggregate("sums", { total: sum(({ amount }) => amount) });
  sums.selectKey("by-total", ({ total }) => total === null ? null : { total: Number(total) }).to(totals);
  sums.flatMapValues(
    "halves",
    { position: "at" },
    ({ total }) => [{ of: Math.floor(Number(total) / 2) }, { of: Math.ceil(Number(total) / 2) }],
  ).to(parts);
  const small = sums.filter(({ total }) => Number(total) < 5).mapValues(({ user, total }) => ({
    user,
    of: Number(total),
  }));
  small.union(sums.filter(({ total }) => Number(total) > 5).mapValues(({ user }) => ({ user, of: -user }))).to(either);
  const windows = byUser.windowedBy(tumbling({ seconds: 10 })).aggregate("windows", { n: count() });
  windows.flatMapValues(
    "slots",
    { position: "at" },
    ({ n, window_end: ends }, key) => Array.from({ length: n }, () => ({ ends, told: Object.keys(key).join() })),
  ).to(slots);
});

const SINKS = [totals, parts, either, slots];

/** What the oracle makes of results of streams, by their operator. */
function expected(results: Readonly<Record<string, readonly (readonly [Key, Record<string, unknown>])[]>>) {
  const sinks = computeSinks(divided, () => [], { folded: ({ name }) => results[name] });
  return SINKS.map(({ spec: { name, key, columns } }) =>
    [...sinks.get(name)!.rows.values()]
      .map((row) => Object.fromEntries(Object.keys(columns).map((column) => [column, row[column]])))
      .sort((a, b) => key.map((column) => Number(a[column]) - Number(b[column])).find((order) => order !== 0) ?? 0)
  );
}

for (const snapshotEveryMs of [0, 60_000]) {
  const way = snapshotEveryMs === 0 ? "without snapshots" : "with snapshots";

  Deno.test(`results of streams are divided, united and get other keys, as tables do: ${way}`, async () => {
    await using driver = createTopologyTestDriver(divided, { partitions: 2, options: { snapshotEveryMs } });
    const click = (second: number, { user, amount }: { readonly user: number; readonly amount: number }) =>
      driver.send(clicks, { key: null, value: { user, amount }, timestampMs: second * 1_000, partition: user % 2 });
    const shown = async () => {
      await driver.settle();
      return SINKS.map((sink) => driver.select(sink));
    };
    const sums = (of: Readonly<Record<number, number>>) =>
      Object.entries(of).map(([user, total]) => [keyOf([Number(user)]), { user: Number(user), total }] as const);
    const windows = (of: readonly (readonly [user: number, start: number, n: number])[]) =>
      of.map(([user, start, n]) =>
        [
          keyOf([user, start * 1e6]),
          { user, window_start: start * 1e6, window_end: (start + 10) * 1e6, n },
        ] as const
      );

    click(1, { user: 1, amount: 3 });
    click(2, { user: 2, amount: 7 });
    click(11, { user: 3, amount: 4 });
    const first = expected({ sums: sums({ 1: 3, 2: 7, 3: 4 }), windows: windows([[1, 0, 1], [2, 0, 1], [3, 10, 1]]) });
    assertEquals(first.map((rows) => rows.length), [3, 6, 3, 3]);
    assertEquals(first[3][0].told, "user,window_start");
    assertEquals(await shown(), first);
    // Two users have one total, and a window has one event more.
    click(12, { user: 1, amount: 1 });
    click(13, { user: 1, amount: 0 });
    const second = expected({
      sums: sums({ 1: 4, 2: 7, 3: 4 }),
      windows: windows([[1, 0, 1], [1, 10, 2], [2, 0, 1], [3, 10, 1]]),
    });
    assertEquals(second.map((rows) => rows.length), [1, 6, 3, 5]);
    assertEquals(await shown(), second);
    const { writes } = driver;
    await driver.restart();
    assertEquals([await shown(), driver.writes - writes], [second, 0]);
    click(14, { user: 3, amount: 2 });
    const third = expected({
      sums: sums({ 1: 4, 2: 7, 3: 6 }),
      windows: windows([[1, 0, 1], [1, 10, 2], [2, 0, 1], [3, 10, 2]]),
    });
    assertEquals(third.map((rows) => rows.length), [3, 6, 3, 6]);
    assertEquals(await shown(), third);
  });
}

Deno.test("union() of results of a stream with a topic is refused, and says what to do", () => {
  const users = debezium("shop.users", { key: ["user"], row: z.object({ user: z.int(), total: z.int() }) });
  const united = topology("united", (builder) => {
    const sums = builder.stream(clicks).groupBy(({ user }) => ({ user })).aggregate("sums", { n: count() });
    sums.mapValues(({ user, n }) => ({ user, total: n })).union(builder.table(users)).to(totals);
  });
  assertThrows(() => compile(united), TopologyError, 'Cannot make the union "sums.union": one side is an aggregate');
  assertThrows(() => compile(united), TopologyError, "Give both sides their key by selectKey");
});
