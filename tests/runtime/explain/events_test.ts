import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  debezium,
  events,
  int8,
  sum,
  type Topology,
  topology,
  type TopologyBuilder,
  tumbling,
} from "../../../src/mod.ts";
import type { Warehouse } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { packHeaders } from "../../../src/record/headers.ts";
import { createMemoryWarehouse, type RefuseRow } from "../../../src/testing/memory_warehouse.ts";
import { createTopologyTestDriver } from "../../../src/testing/mod.ts";
import { ReplayWorld } from "../replays/replay_run.ts";
import { openStepLog, StepRun } from "../step_run.ts";
import { explained } from "./explained.ts";

const TOPIC = "shop.clicks";
const clickRow = z.object({ user: z.int(), amount: z.int() });
const clicks = events(TOPIC, { row: clickRow });
const shown = clickhouseAppend("shown", { columns: { user: "Int64", amount: "Int64" }, orderBy: ["user"] });
const windows = clickhouse("windows", {
  key: ["user", "window_start"],
  columns: {
    user: "Int64",
    window_start: "DateTime64(6)",
    window_end: "DateTime64(6)",
    clicks: "Int64",
    amount: "Int64",
  },
});
const sums = clickhouse("sums", { key: ["user"], columns: { user: "Int64", clicks: "Int64", amount: "Int64" } });

function click(user: number, amount: number) {
  return { key: `k${user}`, value: JSON.stringify({ user, amount }) };
}

/** Clicks of at least an amount. */
function from(least: number): Topology {
  return topology("clicks", (builder) => builder.stream(clicks).filter(({ amount }) => amount >= least).to(shown));
}

const added = topology("added", (builder: TopologyBuilder) => {
  builder.stream(clicks).groupBy(({ user }) => ({ user }))
    .aggregate("sums", { clicks: count(), amount: sum(({ amount }) => amount) })
    .mapValues(({ user, clicks, amount }) => ({ user, clicks, amount: Number(amount) }))
    .to(sums);
});

/** Retention may take records of its topic. */
async function opened(refuses?: RefuseRow): Promise<ReplayWorld> {
  const world = await ReplayWorld.open({}, refuses);
  await world.log.createTopic({ name: TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1 });
  return world;
}

Deno.test("explain() of an append table is true when retention took the record away", async () => {
  const world = await opened();
  for (const amount of [5, 0, 7]) await world.append(TOPIC, click(1, amount));
  await world.start(from(1));
  const before = await explained(world.run, { table: "shown", key: `${TOPIC}/0/1` });
  assertEquals([before.outcome, before.operator], ["filtered", "clicks.filter"]);
  await world.log.truncateBefore(TOPIC, { partition: 0, offset: 2 });
  const there = await explained(world.run, { table: "shown", key: "0/0" });
  assertEquals([there.outcome, there.appended!.map(({ row, made }) => [row!.amount, made])], ["shown", [[5, null]]]);
  assert(there.sentence.includes("retention took what was before. ClickHouse has 1 row of it"), there.sentence);
  const gone = await explained(world.run, { table: "shown", key: "0/1" });
  assertEquals([gone.outcome, gone.appended, gone.steps], ["not kept", [], []]);
  const nobody = await explained(world.run, { table: "shown", key: "k2" });
  assertEquals(nobody.outcome, "not kept", nobody.sentence);
  assertEquals((await explained(world.run, { table: "shown", key: "k1" })).key, {
    topic: TOPIC,
    partition: 0,
    offset: 2,
  });
  const ahead = await explained(world.run, { table: "shown", key: "0/3" });
  assertEquals([ahead.outcome, ahead.sentence.includes("ends at offset 3")], ["unknown", true]);
  await world.close();
});

Deno.test("explain() tells rows that another topology made, and those that it did not make", async () => {
  const world = await opened();
  for (const amount of [5, 2]) await world.append(TOPIC, click(1, amount));
  await world.start(from(4));
  await world.run.stop();
  await world.start(from(1));
  const missing = await explained(world.run, { table: "shown", key: "0/1" });
  assertEquals([missing.outcome, missing.appended], [
    "missing",
    [{ index: 0, row: null, made: { user: 1, amount: 2 }, isExpected: null }],
  ]);
  await world.run.stop();
  await world.start(from(6));
  const beyond = await explained(world.run, { table: "shown", key: "0/0" });
  assertEquals([beyond.outcome, beyond.appended!.length, beyond.steps.at(-1)!.outcome], ["shown", 1, "filtered"]);
  assert(beyond.sentence.includes("would make none now"), beyond.sentence);
  await world.close();
});

Deno.test("explain() tells that ClickHouse refused the row of a record", async () => {
  const world = await opened((_table, row) => Number(row?.amount) === 5);
  for (const amount of [5, 2]) await world.append(TOPIC, click(1, amount));
  await world.start(from(0));
  const refused = await explained(world.run, { table: "shown", key: "0/0" });
  assertEquals([refused.outcome, refused.operator, refused.deadLetters.length], ["dead letter", "sink shown", 1]);
  assertEquals((await explained(world.run, { table: "shown", key: "0/1" })).outcome, "shown");
  await world.close();
});

Deno.test("explain() tells that the row of a record is computed and not in ClickHouse yet", async () => {
  const { clock, log } = await openStepLog({ [TOPIC]: 1 });
  const memory = createMemoryWarehouse();
  let shut = true;
  const refused = () => Promise.reject(new ProductionError("ClickHouse is away", { retriable: true }));
  const warehouse: Warehouse = { ...memory, append: (rows) => shut ? refused() : memory.append(rows) };
  const run = new StepRun(from(0), { clock, ports: { log, warehouse } }).start();
  await run.settled();
  await log.append([{ topic: TOPIC, partition: 0, records: [click(1, 5)] }]);
  await clock.pass(5_000);
  const waiting = await explained(run, { table: "shown", key: "0/0" });
  assertEquals([waiting.outcome, waiting.operator], ["waiting", "sink shown"], waiting.sentence);
  shut = false;
  await run.settled();
  assertEquals((await explained(run, { table: "shown", key: "0/0" })).outcome, "shown");
  await run.stop();
  await log.close();
});

Deno.test("explain() says that events do not make up a total of which retention took some", async () => {
  const world = await opened();
  for (const amount of [5, 2, 7]) await world.append(TOPIC, click(1, amount));
  await world.start(added);
  const whole = await explained(world.run, { table: "sums", key: "1" });
  assertEquals([whole.contributors!.total, whole.contributors!.proof, whole.outcome], [3, "equal", "shown"]);
  assertEquals(whole.contributors!.rows.map(({ adds }) => adds), [5, 2, 7].map((amount) => ({ clicks: 1, amount })));
  await world.log.truncateBefore(TOPIC, { partition: 0, offset: 1 });
  const { contributors, notes } = await explained(world.run, { table: "sums", key: "1" });
  assertEquals([contributors!.total, contributors!.proof], [2, "differs"]);
  assert(notes.some((note) => /do NOT make up .* retention took the oldest records/.test(note)), notes.join());
  const none = await explained(world.run, { table: "sums", key: "9" });
  assertEquals([none.outcome, none.contributors!.total], ["unknown", 0]);
  await world.close();
});

const users = debezium("shop.users", {
  key: ["id"],
  row: z.object({ id: int8(), name: z.string() }),
});
const named = clickhouseAppend("named", { columns: { amount: "Int64", name: "String" }, orderBy: ["amount"] });
const counted = clickhouseAppend("counted", { columns: { user: "Int64", clicks: "Int64" }, orderBy: ["user"] });

/** Clicks with their users, and how many each had at every time. */
const chained = topology("chained", (builder) => {
  const stream = builder.stream(clicks);
  stream.join("owner", builder.globalTable(users), ({ user }) => (user === 0 ? null : user)!)
    .mapValues(({ amount, owner }) => ({ amount, name: owner.name }))
    .to(named);
  const totals = stream.groupBy(({ user }) => ({ user })).aggregate("totals", { clicks: count() });
  builder.toStream(totals).flatMapValues((row) => row === null ? [] : [row]).to(counted);
});

Deno.test("explain() tells what an event was joined with, and that there was no partner or no key", async () => {
  await using driver = createTopologyTestDriver(chained, { partitions: 1 });
  driver.insert(users, { id: 7, name: "ada" });
  for (const user of [7, 8, 0]) driver.send(clicks, { key: "k", value: { user, amount: 3 } });
  await driver.settle();
  const explain = (offset: number) => driver.explain(named, `0/${offset}`);
  const joined = await explain(0);
  assertEquals([joined.outcome, joined.shown!.row, joined.source!.key], [
    "shown",
    driver.appended(named)[0],
    { key: "k" },
  ]);
  const [, join] = joined.steps;
  assertEquals([join.operator, join.outcome, join.lookup!.key, join.lookup!.row], [
    ...["clicks.owner", "matched", { id: 7 }],
    { id: 7, name: "ada" },
  ]);
  const alone = await explain(1);
  assertEquals([alone.outcome, alone.operator, alone.appended], ["no partner", "clicks.owner", []]);
  assertEquals((await explain(2)).outcome, "null key");
});

Deno.test("explain() follows an event into its stage, and says what is kept of it there", async () => {
  await using driver = createTopologyTestDriver(chained, { partitions: 1 });
  for (const user of [7, 7]) driver.send(clicks, { key: "k", value: { user, amount: 3 } });
  await driver.settle();
  const { outcome, operator, sentence, steps } = await driver.explain(counted, `${TOPIC}/0/1`);
  assertEquals([outcome, operator], ["taken", "totals"], sentence);
  const told = steps.map((step) => [step.operator, step.outcome]);
  assertEquals(told, [["clicks", "found"], ["totals", "passed"], ["totals", "taken"]]);
  assert(steps[1].sentence.endsWith("under 7"), steps[1].sentence);
});

Deno.test("explain() of a total leaves out an event that its headers made too large for the stage", async () => {
  const followed = topology("followed", (builder) => {
    const totals = builder.stream(clicks).groupBy(({ user }) => ({ user })).aggregate("totals", { clicks: count() });
    totals.mapValues(({ user, clicks }) => ({ user, clicks, amount: 0 })).to(sums);
    builder.toStream(totals).flatMapValues((row) => row === null ? [] : [row]).to(counted);
  });
  const world = await opened();
  const records = [click(1, 5), { ...click(1, 7), headers: packHeaders({ note: "x".repeat(4_000) }) }];
  await world.log.append([{ topic: TOPIC, partition: 0, records }]);
  await world.start(followed, { messageBytesMax: 10_000 });
  assertEquals(world.open().map(({ operator }) => operator), ["totals"]);
  const { contributors } = await explained(world.run, { table: "totals", key: "1" });
  assertEquals([contributors!.total, contributors!.proof], [1, "equal"]);
  await world.close();
});

Deno.test("explain() looks once for all events of a record that came to the same task of a stage", async () => {
  const thrice = topology("thrice", (builder) => {
    const totals = builder.stream(clicks).flatMapValues((click) => [click, click, click])
      .groupBy(({ user }) => ({ user })).aggregate("totals", { clicks: count() });
    builder.toStream(totals).flatMapValues((row) => row === null ? [] : [row]).to(counted);
  });
  const world = await opened();
  for (const user of [1, 2]) await world.append(TOPIC, click(user, 5));
  await world.start(thrice);
  const { outcome, notes } = await explained(world.run, { table: "counted", key: "0/1" });
  const place = "weir.thrice.totals.repartition/0/1";
  assertEquals([outcome, notes], [
    "taken",
    [`It came to "totals" as ${place}, with 3 others; 6 row(s) were made of that`],
  ]);
  await world.close();
});

Deno.test("explain() does not say that an event waits which its stream has never read", async () => {
  const newest = topology("newest", (builder) => {
    const totals = builder.stream(events(TOPIC, { row: clickRow, from: "latest" }))
      .groupBy(({ user }) => ({ user })).aggregate("totals", { clicks: count() });
    builder.toStream(totals).flatMapValues((row) => row === null ? [] : [row]).to(counted);
  });
  const world = await opened();
  await world.append(TOPIC, click(1, 5));
  await world.start(newest);
  const { outcome, sentence } = await explained(world.run, { table: "counted", key: "0/0" });
  assertEquals(outcome, "not kept", sentence);
  assert(sentence.includes('never came to "totals": its stream began with a later record'), sentence);
  await world.close();
});

Deno.test("explain() finds no event in a window that never begins", async () => {
  const TEN_S = 10_000_000;
  const timed = topology("timed", (builder) => {
    builder.stream(clicks).groupBy(({ user }) => ({ user })).windowedBy(tumbling({ seconds: 10 }))
      .aggregate("totals", { clicks: count(), amount: sum(({ amount }) => amount) })
      .mapValues((total) => ({ ...total, amount: Number(total.amount) })).to(windows);
  });
  await using driver = createTopologyTestDriver(timed, { partitions: 1 });
  for (const second of [11, 15]) {
    driver.send(clicks, { key: "k", value: { user: 7, amount: 1 }, timestampMs: second * 1_000 });
  }
  await driver.settle();
  const asked = async (start: number) => {
    const { outcome, contributors, notes } = await driver.explain("totals", { user: 7, window_start: start });
    return [outcome, contributors?.total, contributors?.proof, notes.length];
  };
  assertEquals(await asked(TEN_S), ["present", 2, "equal", 1]);
  assertEquals(await asked(TEN_S + 1_000_000), ["unknown", 0, "equal", 0]);
});
