import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, events, int8, topology, tumbling } from "../../../src/mod.ts";
import { factKeys, factValues, readChangelog } from "../../../src/formats/changelog_fact.ts";
import type { Log } from "../../../src/ports/log.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../step_run.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8() }) });
const minutes = clickhouse("minutes", {
  columns: { user_id: "Int64", window_start: "Int64", clicks: "UInt64" },
  key: ["user_id", "window_start"],
});
const counted = (retention?: { readonly minutes: number }) =>
  topology("counted", (builder) => {
    builder.stream(clicks).groupBy(({ user_id }) => ({ user_id }))
      .windowedBy(tumbling({ minutes: 1 }, { retention })).aggregate("by_minute", { clicks: count() }).to(minutes);
  });

const CHANGELOG = "weir.counted.by_minute.changelog";
const USERS = 5;
const EAGER = { staleRecordsMin: 10, staleShareMin: 1, repairAfterMs: 2_000, metadataEveryMs: 1_000 };

/** A topology on a log that the test reads, and a warehouse that may take nothing. */
async function begun(retention?: { readonly minutes: number }) {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: "shop.clicks", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const memory = createMemoryWarehouse();
  const state: { clickhouse: "takes rows" | "does not answer" } = { clickhouse: "takes rows" };
  const warehouse: typeof memory = {
    ...memory,
    insert: (...given) => state.clickhouse === "does not answer" ? new Promise(() => {}) : memory.insert(...given),
  };
  const make = () => new StepRun(counted(retention), { clock, ports: { log, warehouse }, options: EAGER }).start();
  return { clock, log, memory, make, state };
}

type Begun = Awaited<ReturnType<typeof begun>>;

/** A click of each user in each of these minutes, and ten seconds for each by the clock. */
async function click({ clock, log }: Begun, { from, to }: { readonly from: number; readonly to: number }) {
  for (let minute = from; minute < to; minute++) {
    const records = Array.from({ length: USERS }, (_, user_id) => ({
      key: null,
      value: JSON.stringify({ user_id }),
      timestampMs: minute * 60_000 + user_id,
    }));
    await log.append([{ topic: "shop.clicks", partition: 0, records }]);
    for (let second = 0; second < 10; second++) await clock.pass(1_000);
  }
}

/** Of the changelog: windows of facts that are there, and how many other records, by key. */
async function changelogOf(log: Log) {
  const reader = log.reader();
  const last = new Map<string, ReturnType<typeof readChangelog>>();
  const { end: [end] } = await log.offsets(CHANGELOG);
  reader.seek(CHANGELOG, 0, 0);
  for (let position = 0; position < end;) {
    for (const { records, nextOffset } of await reader.poll(10)) {
      for (const record of records) {
        const key = typeof record.key === "string" ? record.key : new TextDecoder().decode(record.key!);
        last.set(key, readChangelog(CHANGELOG, record));
      }
      position = nextOffset;
    }
  }
  await reader.close();
  const there = [...last.values()].filter(({ kind }) => kind !== "removed");
  const facts = there.flatMap((read) => read.kind === "fact" ? [read.fact.start / 60e6] : []);
  const horizons = there.flatMap((read) => read.kind === "horizon" ? [read.horizon.atUs / 60e6] : []);
  return { facts, horizons, others: there.length - facts.length - horizons.length };
}

Deno.test("memory and changelog stay as they are, however many windows there were", async () => {
  const world = await begun({ minutes: 10 });
  let run = world.make();
  await run.settled();
  const rows = () => run.runner.stores().find(({ name }) => name === "by_minute")!.parts()[0].items();
  const sizes: { facts: number; rows: number }[] = [];
  for (let round = 0; round < 6; round++) {
    await click(world, { from: round * 40, to: round * 40 + 40 });
    await run.settled();
    const { facts, horizons, others } = await changelogOf(world.log);
    sizes.push({ facts: facts.length, rows: [...rows()].length });
    assertEquals([horizons.length, others], [1, round + 1], "one horizon, and a head for each start");
    await run.stop();
    run = world.make();
    await run.settled();
  }
  assertEquals(world.memory.select("minutes").length, 6 * 40 * USERS);
  for (const { facts, rows } of sizes) {
    assert(rows <= 12 * USERS, `${JSON.stringify(sizes)}: rows of ten minutes, and a sixteenth`);
    assert(facts <= 30 * USERS, `${JSON.stringify(sizes)}: as much again until it is looked through`);
  }
  await run.stop();
  const all = await begun();
  const without = all.make();
  await click(all, { from: 0, to: 80 });
  await without.settled();
  assertEquals((await changelogOf(all.log)).facts.length, 80 * USERS, "without a retention all of them stay");
  await without.stop();
});

Deno.test("no window goes whose rows ClickHouse has not taken", async () => {
  const world = await begun({ minutes: 5 });
  const run = world.make();
  await click(world, { from: 0, to: 20 });
  await run.settled();
  const { horizons: [before] } = await changelogOf(world.log);
  world.state.clickhouse = "does not answer";
  await click(world, { from: 20, to: 60 });
  const { facts, horizons } = await changelogOf(world.log);
  assert(horizons[0] <= 20 && horizons[0] >= before, `${horizons}: windows until 20 may be shown`);
  assertEquals(new Set(facts.filter((minute) => minute >= 20)).size, 40);
  // The process ends: what it had put is lost.
  await run.stop();
  world.state.clickhouse = "takes rows";
  const next = world.make();
  await next.settled();
  await click(world, { from: 60, to: 61 });
  await next.settled();
  const rows = world.memory.select("minutes");
  assertEquals([rows.length, rows.filter(({ clicks }) => Number(clicks) !== 1).length], [61 * USERS, 0]);
  await next.stop();
});

Deno.test("what a former owner of the stage writes late of a window beyond changes nothing, and goes", async () => {
  const world = await begun({ minutes: 5 });
  let run = world.make();
  await click(world, { from: 0, to: 30 });
  await run.settled();
  const shown = world.memory.select("minutes");
  const element = { end: 4 * 60e6, timestampUs: 3 * 60e6, state: [7], shown: true };
  const late = factKeys({ owner: "0.0.late", key: 1 })({ start: 3 * 60e6, seq: 0 });
  const value = factValues({ user_id: 1 })({ to: 1, element, former: undefined });
  const { writes } = world.memory;
  const before = writes();
  await world.log.append([{ topic: CHANGELOG, partition: 0, records: [{ key: late, value }] }]);
  await run.settled();
  await run.stop();
  run = world.make();
  await run.settled();
  assertEquals([world.memory.select("minutes"), writes()], [shown, before]);
  await click(world, { from: 30, to: 60 });
  await run.settled();
  assert(!(await changelogOf(world.log)).facts.includes(3));
  await run.stop();
});
