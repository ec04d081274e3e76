import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, topology } from "../../../src/mod.ts";
import type { Log } from "../../../src/ports/log.ts";
import type { Warehouse } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { createMemorySnapshots } from "../../../src/testing/memory_snapshots.ts";
import { createMemoryWarehouse, type MemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";

const TOPIC = "shop.public.things";
const PARTITIONS = 3;
const IDS = Array.from({ length: 60 }, (_, id) => id);
const OPTIONS = { snapshotEveryMs: 1_000, repairAfterMs: 60_000 };

const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const rows = clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } });
const names = clickhouse("names", { key: ["name"], columns: { name: "String", things: "UInt64" } });
/** The second sink shows shares. */
const shop = topology("shop", (builder) => {
  const table = builder.table(things);
  table.to(rows);
  table.groupBy((row) => ({ name: row.name })).aggregate("by_name", { things: count() }).to(names);
});

/** What a start asked the warehouse and the log, in order. */
type Asked = string[];

async function openWorld() {
  const { clock, log } = await openStepLog({ [TOPIC]: PARTITIONS });
  const memory = createMemoryWarehouse();
  const snapshots = createMemorySnapshots();
  const put = (changes: readonly (readonly [number, string | null])[]) =>
    appendKeyed(
      log,
      changes.map(([id, name]) => ({
        key: `{"id":${id}}`,
        value: name === null ? null : JSON.stringify({ op: "r", after: { id, name } }),
      })),
      { topic: TOPIC, partitions: PARTITIONS },
    );
  /** Runs until everything is shown, then `meanwhile`, and stops; tells what it asked, counted by sink. */
  const run = async (
    { warehouse = memory, meanwhile = () => Promise.resolve() }: {
      readonly warehouse?: Warehouse;
      readonly meanwhile?: (settled: () => Promise<void>) => Promise<void>;
    } = {},
  ) => {
    const asked: Asked = [];
    const writes = memory.writes();
    const ports = { log: tellingLog(log, asked), warehouse: telling(warehouse, asked), snapshots };
    const instance = new StepRun(shop, { clock, ports, options: OPTIONS }).start();
    const settled = () => instance.settled();
    await settled();
    const started = memory.writes() - writes;
    const questions = [...asked];
    await meanwhile(settled);
    await instance.stop();
    return { asked: questions, writes: started, events: instance.events };
  };
  /** What is shown is what the rows say. */
  const assertShown = (expected: ReadonlyMap<number, string>) => {
    assertEquals(new Map(memory.select("things").map(({ id, name }) => [Number(id), String(name)])), expected);
    const totals = new Map<string, number>();
    for (const name of expected.values()) totals.set(name, (totals.get(name) ?? 0) + 1);
    assertEquals(new Map(memory.select("names").map((row) => [String(row.name), Number(row.things)])), totals);
  };
  return { clock, log, memory, snapshots, put, run, assertShown, [Symbol.asyncDispose]: () => log.close() };
}

function telling(warehouse: Warehouse, asked: Asked): Warehouse {
  return {
    ...warehouse,
    shown(table, tasks) {
      asked.push(`${table.name} rows of ${[...tasks].sort().join(" ")}`);
      return warehouse.shown(table, tasks);
    },
    summed(table, marks) {
      asked.push(`${table.name} sum of ${marks.length}`);
      return warehouse.summed(table, marks);
    },
    newer(table, marks) {
      asked.push(`${table.name} newer of ${marks.length}`);
      return warehouse.newer(table, marks);
    },
  };
}

function tellingLog(log: Log, asked: Asked): Log {
  return {
    ...log,
    append(batches) {
      if (batches.some(({ records }) => String(records[0]?.value).startsWith('{"hello"'))) asked.push("hello");
      return log.append(batches);
    },
  };
}

const ALL = ["things", "names"].flatMap((sink) => [`${sink} newer of 3`, `${sink} sum of 3`]);
const plain = () => new Map(IDS.map((id) => [id, `name ${id % 4}`]));

/** A world whose snapshots hold all rows. */
async function openSaved() {
  const world = await openWorld();
  await world.put([...plain()]);
  const first = await world.run();
  assertEquals(first.asked.filter((what) => /sum|newer/.test(what)), [], "without snapshots, nothing is asked in sum");
  assertEquals(world.snapshots.published.size, PARTITIONS);
  return world;
}

Deno.test("a start asks behind its HELLO, once for each sink, whether what snapshots say is shown", async () => {
  await using world = await openSaved();
  const { asked, writes, events } = await world.run();
  assertEquals([asked[0], asked.slice(1).filter((what) => what !== "hello").sort(), writes], ["hello", ALL.sort(), 0]);
  const report = events.flatMap((event) => event.kind === "started" ? event.sinks : []);
  assertEquals(report.map(({ sink, kept, written }) => [sink, kept, written]), [
    ["things", IDS.length, 0],
    ["names", 12, 0],
  ]);
  world.assertShown(plain());
});

Deno.test("rows written after a snapshot are told one by one, tombstones too, the others in sum", async () => {
  await using world = await openSaved();
  const older = new Map(world.snapshots.published);
  await world.put([[3, "changed"], [4, null], [100, "new"]]);
  await world.run();
  for (const [name, bytes] of older) world.snapshots.published.set(name, bytes);
  const { asked, writes } = await world.run();
  assertEquals([asked.filter((what) => what !== "hello").sort(), writes], [ALL.sort(), 0]);
  const expected = plain().set(3, "changed").set(100, "new");
  expected.delete(4);
  world.assertShown(expected);
});

Deno.test("a row that changed and changed back behind a snapshot's back is found", async () => {
  await using world = await openSaved();
  const older = new Map(world.snapshots.published);
  // ClickHouse shows what the source no longer says, under a digest that the snapshot knows nothing of.
  await world.put([[3, "changed"]]);
  await world.run();
  for (const [name, bytes] of older) world.snapshots.published.set(name, bytes);
  await world.put([[3, "name 3"]]);
  const { asked, writes } = await world.run();
  assertEquals(asked.filter((what) => what.includes("rows of")), []);
  assert(writes > 0);
  world.assertShown(plain());
});

Deno.test("only of tasks of which ClickHouse shows something else is what is shown read row by row", async () => {
  await using world = await openSaved();
  const [gone] = [...world.memory.stored("things")];
  const [share] = [...world.memory.stored("names")];
  world.memory.tamper({ table: "things", key: gone.key }, null);
  for (const { task, key } of [...world.memory.stored("names")]) {
    if (task === share.task && key === share.key) removeShare(world.memory, { task, key });
  }
  const { asked } = await world.run();
  assertEquals(asked.filter((what) => what.includes("rows of")).sort(), [
    `names rows of ${share.task}`,
    `things rows of ${gone.task}`,
  ]);
  world.assertShown(plain());
});

/** Of one task; as a person would delete it. */
function removeShare(memory: MemoryWarehouse, { task, key }: { readonly task: string; readonly key: string }): void {
  const others = [...memory.stored("names")].filter((row) => row.key === key && row.task !== task);
  memory.tamper({ table: "names", key }, null);
  void memory.insert({
    table: { name: "names", columns: [], key: ["name"], shares: true },
    upserts: others.map((row) => ({
      ...{ task: row.task, key, digest: row.digest, epoch: row.epoch, seq: row.seq },
      line: new TextEncoder().encode(`[${key},${String((row.values as unknown[])[1])},0`),
    })),
    deletes: [],
  });
}

Deno.test("an answer that breaks off leaves no trace, and is asked for again", async () => {
  await using world = await openSaved();
  const older = new Map(world.snapshots.published);
  await world.put([[1, "one"], [2, "two"], [5, null]]);
  await world.run();
  for (const [name, bytes] of older) world.snapshots.published.set(name, bytes);
  const broken = new Set<string>();
  const breaking: Warehouse = {
    ...world.memory,
    async *newer(table, marks) {
      for await (const rows of world.memory.newer(table, marks)) {
        for (const row of rows) {
          yield [row];
          if (broken.has(table.name)) continue;
          broken.add(table.name);
          // What was told is not true any more when it is asked again.
          if (table.name === "things") world.memory.tamper({ table: "things", key: row.key }, null);
          throw new ProductionError("the answer broke off", { retriable: true });
        }
      }
    },
  };
  const { asked } = await world.run({ warehouse: breaking });
  assertEquals([...broken].sort(), ["names", "things"]);
  assertEquals(asked.filter((what) => what.includes("sum of")).length, 4);
  const expected = plain().set(1, "one").set(2, "two");
  expected.delete(5);
  world.assertShown(expected);
});

Deno.test("a row altered by hand is left to the comparison a minute after the start", async () => {
  await using world = await openSaved();
  world.memory.tamper({ table: "things", key: "7" }, [7, "by hand"]);
  await world.run({
    async meanwhile(settled) {
      assertEquals(world.memory.select("things")[7].name, "by hand");
      await world.clock.pass(OPTIONS.repairAfterMs + 2_000);
      await settled();
      world.assertShown(plain());
    },
  });
});
