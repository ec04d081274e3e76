import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, clickhouseAppend, count, events, int8, session, sum, topology } from "../../../src/mod.ts";
import { isFormerOwner } from "../../../src/formats/changelog_fact.ts";
import type { Log } from "../../../src/ports/log.ts";
import type { RunOptions } from "../../../src/runtime/options.ts";
import { beginOf } from "../../../src/runtime/streams/pack.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../step_run.ts";
import { changelogRecords } from "./changelog_records.ts";

const clicks = events("shop.clicks", { row: z.object({ user_id: int8(), amount: int8() }) });
const totals = clickhouse("totals", {
  columns: { user_id: "Int64", clicks: "UInt64", amount: "Int64" },
  key: ["user_id"],
});
const visits = clickhouse("visits", {
  columns: { user_id: "Int64", window_start: "Int64", pages: "UInt64" },
  key: ["user_id", "window_start"],
});
const pairs = clickhouseAppend("pairs", { columns: { a: "Int64", b: "Int64" }, orderBy: ["a", "b"] });

const app = topology("app", (builder) => {
  const stream = builder.stream(clicks);
  const byUser = stream.groupBy(({ user_id }) => ({ user_id }));
  byUser.aggregate("by_user", { clicks: count(), amount: sum(({ amount }) => amount) }).to(totals);
  byUser.windowedBy(session({ seconds: 10 }, { grace: { minutes: 1 } })).aggregate("by_visit", { pages: count() })
    .to(visits);
  stream.join("other", stream, {
    on: [({ user_id }) => ({ user_id }), ({ user_id }) => ({ user_id })],
    within: { seconds: 1 },
  }).mapValues(({ amount, other }) => ({ a: amount, b: other.amount })).to(pairs);
});

const USERS = 20;
const EAGER = { staleRecordsMin: 10, staleShareMin: 0.5, cleanAfterMs: 1_000 };
const NEVER = { staleRecordsMin: 1_000_000 };

/** As {@link changelogRecords}, of a stage. */
function changelogOf(log: Log, stage: string) {
  return changelogRecords(log, `weir.app.${stage}.changelog`);
}

/** By stage: how many keys of its changelog have a value. */
async function keysOf(log: Log): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const stage of ["by_user", "by_visit", "clicks.other"]) {
    const { last } = await changelogOf(log, stage);
    counts[stage] = last.values().filter(({ kind }) => kind !== "removed").toArray().length;
  }
  return counts;
}

/** Starts again and again; each start has events of all users. */
async function started(times: number, options: Partial<RunOptions>) {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: "shop.clicks", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const warehouse = createMemoryWarehouse();
  const events = [];
  let deleted = 0;
  const metrics = {
    count: (name: string, _: unknown, by: number) => {
      if (name === "weir_changelog_records_deleted_total") deleted += by;
    },
    gauge() {},
    observe() {},
  };
  for (let start = 0; start < times; start++) {
    const run = new StepRun(app, { clock, ports: { log, warehouse, metrics }, options });
    run.start();
    await run.settled();
    const records = Array.from({ length: USERS }, (_, user_id) => ({
      key: null,
      value: JSON.stringify({ user_id, amount: start }),
      timestampMs: start * 120_000 + user_id,
    }));
    await log.append([{ topic: "shop.clicks", partition: 0, records }]);
    await run.settled();
    for (let second = 0; second < 30; second++) await clock.pass(1_000);
    await run.settled();
    await run.stop();
    events.push(...run.events);
    assertEquals([run.failure, run.restarts], [null, []]);
  }
  const shown = ["totals", "visits"].map((table) => warehouse.select(table));
  return { keys: await keysOf(log), shown, events, deleted };
}

Deno.test("a changelog stays as small as its state, however often the topology starts", async () => {
  const cleaned = await started(7, EAGER);
  const left = await started(7, NEVER);
  assertEquals(cleaned.shown, left.shown);
  // What a join keeps is in bundles: these go as time passes, and the heads of all starts stay.
  assertEquals(left.keys, { by_user: 7 * USERS + 7, by_visit: 7 * USERS + 7, "clicks.other": 1 + 7 });
  // At most half as much more than is needed when the last start looked, and what that one wrote.
  const { by_user, by_visit, "clicks.other": other } = cleaned.keys;
  assert(by_user <= 2.5 * USERS + 2 && other <= 1 + 7, JSON.stringify(cleaned.keys));
  assertEquals(by_visit, left.keys.by_visit, "results stay, and each was written by one start");
  const told = cleaned.events.filter(({ kind }) => kind === "changelog cleaned");
  assert(told.length > 0 && cleaned.deleted > USERS);
  assertEquals(told.reduce((sum, event) => sum + ("deleted" in event ? event.deleted : 0), 0), cleaned.deleted);
});

Deno.test("a task that reads that a later start has begun goes no further, and begins again", async () => {
  const { clock, log } = await openStepLog({});
  await log.createTopic({ name: "shop.clicks", partitions: 1, cleanup: "delete", retentionMs: -1 });
  const warehouse = createMemoryWarehouse();
  let names = 0;
  const random = { next: () => ++names / 1_000 };
  const run = new StepRun(app, { clock, ports: { log, warehouse, random } });
  run.start();
  await run.settled();
  const topic = "weir.app.by_user.repartition";
  const click = (amount: number) =>
    log.append([{
      topic: "shop.clicks",
      partition: 0,
      records: [{ key: null, value: JSON.stringify({ user_id: 1, amount }), timestampMs: amount }],
    }]);
  await click(1);
  await run.settled();
  const [begun] = await log.append([{ topic, partition: 0, records: [{ key: null, value: beginOf("another") }] }]);
  await click(2);
  await run.settled();
  assertEquals(run.restarts, ["it was begun once more, here or on another instance"]);
  assertEquals(warehouse.select("totals"), [{ user_id: 1, clicks: 2, amount: 3 }]);
  await click(4);
  await run.settled();
  assertEquals([run.failure, run.restarts.length], [null, 1]);
  assertEquals(warehouse.select("totals"), [{ user_id: 1, clicks: 3, amount: 7 }]);
  await run.stop();
  const facts = (await changelogOf(log, "by_user")).all.flatMap((read) => read.kind === "fact" ? [read.fact] : []);
  const former = facts.filter(({ owner }) => isFormerOwner(owner, { begun, number: 0 }));
  assertEquals([former.length, facts.length], [1, 3]);
  assert(former.every(({ to }) => to <= begun));
});
