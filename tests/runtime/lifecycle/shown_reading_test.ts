import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, type Topology, topology } from "../../../src/mod.ts";
import type { Log } from "../../../src/ports/log.ts";
import type { ShownRow, TableSpec, Warehouse } from "../../../src/ports/warehouse.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import type { RunEvent, StartReport } from "../../../src/runtime/runner.ts";
import { taskId } from "../../../src/record/task_id.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";
import { createMemoryWarehouse, type MemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import type { StepClock } from "../../../src/testing/quiescence.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";
import { lineOf } from "../../line_bytes.ts";

const TOPIC = "shop.public.things";
const PARTITIONS = 3;
const IDS = Array.from({ length: 12 }, (_, id) => id);

const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const rows = clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } });
const names = clickhouse("names", { key: ["name"], columns: { name: "String", things: "UInt64" } });
/** The second sink shows shares. */
const shop = topology("shop", (builder) => {
  const table = builder.table(things);
  table.to(rows);
  table.groupBy((row) => ({ name: row.name })).aggregate("by_name", { things: count() }).to(names);
});

interface World {
  readonly log: Log;
  readonly clock: StepClock;
  readonly warehouse: MemoryWarehouse;
}

async function openWorld(): Promise<World & { close(): Promise<void> }> {
  const { clock, log } = await openStepLog({ [TOPIC]: PARTITIONS });
  for (const id of IDS) await append(log, { id, name: `name ${id % 2}` });
  return { log, clock, warehouse: createMemoryWarehouse(), close: () => log.close() };
}

async function append(log: Log, { id, name }: { id: number; name: string | null }): Promise<void> {
  const key = `{"id":${id}}`;
  const value = name === null ? null : `{"op":"r","after":{"id":${id},"name":"${name}"}}`;
  await appendKeyed(log, [{ key, value }], { topic: TOPIC, partitions: PARTITIONS });
}

/** Runs until everything is shown, then `meanwhile`, and stops. */
async function run(
  { log, clock, warehouse }: World & { readonly warehouse: Warehouse },
  { shown = shop, meanwhile = () => Promise.resolve() }: {
    readonly shown?: Topology;
    readonly meanwhile?: (settled: () => Promise<void>) => Promise<void>;
  },
): Promise<{ report: readonly StartReport[]; events: RunEvent[] }> {
  const instance = new StepRun(shown, { clock, ports: { log, warehouse } }).start();
  const settled = () => instance.settled();
  await settled();
  await meanwhile(settled);
  await instance.stop();
  const { events } = instance;
  const report = events.flatMap((event) => event.kind === "started" ? event.sinks : []);
  return { report, events };
}

/** A warehouse of which a read gives one row at a time, in one object that it uses again. */
function streaming(memory: MemoryWarehouse, rowRead: (table: string) => void = () => {}): Warehouse {
  return {
    ...memory,
    async *shown(table, tasks) {
      const row = { task: "", key: "", digest: 0 };
      const chunk: ShownRow[] = [row];
      for await (const shown of memory.shown(table, tasks)) {
        for (const one of shown) {
          rowRead(table.name);
          yield Object.assign(chunk, [Object.assign(row, one)]);
        }
      }
    },
  };
}

function assertAllShown({ warehouse }: World): void {
  assertEquals(
    warehouse.select("things"),
    IDS.map((id) => ({ id, name: `name ${id % 2}` })),
  );
  assertEquals(warehouse.select("names"), [0, 1].map((index) => ({ name: `name ${index}`, things: IDS.length / 2 })));
}

Deno.test("a start takes what is shown as it comes, and keeps no answer", async () => {
  const world = await openWorld();
  await run(world, {});
  const before = world.warehouse.writes();
  const { report } = await run({ ...world, warehouse: streaming(world.warehouse) as MemoryWarehouse }, {});
  assertEquals(world.warehouse.writes(), before, "nothing differs, so nothing is written");
  const shares = report.find(({ sink }) => sink === "names")!;
  assertEquals(report.find(({ sink }) => sink === "things")!.kept, IDS.length);
  assert(shares.kept > 0 && shares.written === 0);
  await world.close();
});

Deno.test("a start whose answer breaks off forgets what it was told, and reads it again", async () => {
  const world = await openWorld();
  await run(world, {});
  const broken = new Set<string>();
  const read = new Map<string, number>();
  const { report } = await run({
    ...world,
    warehouse: streaming(world.warehouse, (table) => {
      read.set(table, (read.get(table) ?? 0) + 1);
      if (broken.has(table) || read.get(table) !== 4) return;
      broken.add(table);
      // What was read already is not there any more when it is read again.
      const [first] = [...world.warehouse.stored(table)];
      world.warehouse.tamper({ table, key: first.key }, null);
      throw new ProductionError("the answer broke off", { retriable: true });
    }) as MemoryWarehouse,
  }, {});
  assertEquals([...broken].sort(), ["names", "things"]);
  assertAllShown(world);
  const { kept, written } = report.find(({ sink }) => sink === "things")!;
  assertEquals([kept, written], [IDS.length - 1, 1]);
  await world.close();
});

Deno.test("a row that comes back after its tombstone was removed is deleted by the next comparison", async () => {
  const world = await openWorld();
  const { warehouse } = world;
  await run(world, {
    async meanwhile(settled) {
      const [gone] = [...warehouse.stored("things")].filter((row) => row.key === "4");
      await append(world.log, { id: 4, name: null });
      await settled();
      const spec = {
        name: "things",
        columns: [{ name: "id", type: "Int64" }, { name: "name", type: "String" }],
        key: ["id"],
        shares: false,
      } as unknown as TableSpec;
      for (const everyMs of [defaultRunOptions.repairAfterMs, defaultRunOptions.repairEveryMs]) {
        // As `cleanup` does, and then an insert that was sent before the deletion arrives.
        warehouse.tamper({ table: "things", key: "4" }, null);
        assert(![...warehouse.stored("things")].some((row) => row.key === "4"));
        await warehouse.insert({ table: spec, upserts: [{ ...gone, line: lineOf('[4,"name 0"') }], deletes: [] });
        assertEquals(warehouse.select("things").length, IDS.length);
        await world.clock.pass(everyMs + 2_000);
        await settled();
        assertEquals(warehouse.select("things").map((row) => row.id), IDS.filter((id) => id !== 4));
      }
    },
  });
  await world.close();
});

Deno.test("a comparison asks once for all tasks of a table, and repairs the rows of each", async () => {
  const world = await openWorld();
  const asked: string[] = [];
  const warehouse: Warehouse = {
    ...world.warehouse,
    shown(table, tasks) {
      asked.push(`${table.name} ${[...tasks].sort().join(" ")}`);
      return world.warehouse.shown(table, tasks);
    },
  };
  const tasks = Array.from({ length: PARTITIONS }, (_, partition) => taskId("things", partition)).join(" ");
  const once = [`things ${tasks}`, `names ${tasks}`];
  const { events } = await run({ ...world, warehouse: warehouse as MemoryWarehouse }, {
    async meanwhile(settled) {
      assertEquals(asked.splice(0), once, "the start");
      for (const everyMs of [defaultRunOptions.repairAfterMs, defaultRunOptions.repairEveryMs]) {
        const owners = new Set([...world.warehouse.stored("things")].map((row) => row.task));
        assertEquals(owners.size, PARTITIONS);
        for (const row of [...world.warehouse.stored("things")]) {
          if (Number(row.key) % 3 === 0) world.warehouse.tamper({ table: "things", key: row.key }, null);
          else if (Number(row.key) % 3 === 1) world.warehouse.tamper({ table: "things", key: row.key }, [1, "hand"]);
        }
        await world.clock.pass(everyMs + 2_000);
        await settled();
        assertEquals(asked.splice(0), once, `after ${everyMs} ms`);
        assertAllShown(world);
      }
    },
  });
  const repaired = events.filter((event) => event.kind === "repaired");
  assertEquals(new Set(repaired.map((event) => event.task)).size, PARTITIONS);
  await world.close();
});
