import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ConfigError } from "../../../src/record/errors.ts";
import type { Warehouse } from "../../../src/ports/warehouse.ts";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import { clickhouse, count, debezium, sum, topology } from "../../../src/mod.ts";
import type { Instance } from "../../../src/runtime/lifecycle/instance.ts";
import { TableWatch } from "../../../src/runtime/lifecycle/table_watch.ts";
import { Problems } from "../../../src/runtime/problems.ts";
import type { RunEvent } from "../../../src/runtime/run_event.ts";
import type { Task } from "../../../src/runtime/task/task.ts";
import { openEmbeddedWarehouse } from "../../../src/testing/embedded_warehouse.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";
import { openThings } from "../things.ts";
import { z } from "zod";

/** Longer than the time between two looks. */
const LOOK_MS = 12_000;
const IDS = Array.from({ length: 40 }, (_, id): [number, string] => [id, `thing ${id}`]);

Deno.test("TableWatch makes a table again that was dropped while nothing is written, and says so", async () => {
  await using world = await openThings({ partitions: 2 });
  await world.put(IDS);
  const instance = world.spawn();
  await instance.settled();
  world.memory.drop("things");
  await world.clock.pass(LOOK_MS);
  await instance.settled();
  assertEquals(world.names(), new Map(IDS));
  assertEquals(instance.events.filter(({ kind }) => kind === "remade" || kind === "repaired"), [
    { kind: "remade", sink: "things", shares: false, rows: IDS.length },
  ]);
  const told = instance.events.flatMap((event) => event.kind === "problem" ? [event.problem] : []);
  assertEquals(told.length, 2);
  assertStringIncludes(told[0]!, '"things" was gone');
  assertEquals([told[1], instance.runner.problems.list()], [null, []]);
});

Deno.test("TableWatch writes its rows again into a table that somebody else made again", async () => {
  await using world = await openThings({ partitions: 4 });
  await world.put(IDS);
  const instances = [world.spawn(), world.spawn()];
  for (const instance of instances) await instance.settled();
  await world.clock.pass(LOOK_MS);
  for (const again of [1, 2]) {
    world.memory.drop("things");
    await world.memory.ensure({
      name: "things",
      columns: [{ name: "id", type: "Int64" }, { name: "name", type: "String" }],
      key: ["id"],
      shares: false,
    });
    await world.put([[1, `changed ${again}`]]);
    await world.clock.pass(LOOK_MS);
    for (const instance of instances) await instance.settled();
    assertEquals(world.names(), new Map([...IDS, [1, `changed ${again}`]]), `time ${again}`);
  }
});

Deno.test("TableWatch says once how much was written, also when a table is made again while it is compared", () => {
  const table = { name: "things", columns: [], key: [], shares: false };
  const host = { id: "things-0", nextRepairMs: 1, table: { sinks: [{ name: "things", table }], groups: [] } };
  const events: RunEvent[] = [];
  const instance = {
    hosts: new Map([[host.id, host]]),
    problems: new Problems(() => {}),
    onEvent: (event: RunEvent) => events.push(event),
  } as unknown as Instance;
  const watch = new TableWatch(instance);
  const compared = (rows: number, begun: ReadonlyMap<string, unknown>) =>
    watch.compared([{ task: { id: host.id } as Task, sink: "things", rows }], begun);
  watch.made(table);
  const begun = watch.refilling;
  watch.made(table);
  compared(40, begun);
  assertEquals([events, instance.problems.list().length, host.nextRepairMs], [[], 1, 0]);
  compared(2, watch.refilling);
  assertEquals(events, [{ kind: "remade", sink: "things", shares: false, rows: 42 }]);
  assertEquals(instance.problems.list(), []);
});

Deno.test("TableWatch shows why a table cannot be made again, until it can", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(IDS);
  let denied = false;
  const { memory } = world;
  const warehouse: Warehouse = {
    ...memory,
    ensure: (table) => denied ? Promise.reject(new ConfigError(["Not enough privileges"])) : memory.ensure(table),
  };
  const instance = world.spawn({ warehouse });
  await instance.settled();
  memory.drop("things");
  denied = true;
  await world.clock.pass(LOOK_MS);
  const [{ problem }] = instance.runner.problems.list();
  assertStringIncludes(problem, '"things" is gone and cannot be made again: Not enough privileges');
  denied = false;
  await world.clock.pass(LOOK_MS);
  await instance.settled();
  assertEquals([world.names(), instance.runner.problems.list()], [new Map(IDS), []]);
});

const server = clickHouseOfFile();

const TOPIC = "shop.public.orders";
const orders = debezium(TOPIC, {
  key: ["id"],
  row: z.object({ id: z.int(), shop: z.string(), units: z.int() }),
});
const orderSink = clickhouse("orders", { key: ["id"], columns: { id: "Int64", shop: "String", units: "Int64" } });
const totalSink = clickhouse("totals", {
  key: ["shop"],
  columns: { shop: "String", orders: "UInt64", units: "Int64" },
});
const shop = topology("shop", (builder) => {
  const table = builder.table(orders);
  table.to(orderSink);
  table.groupBy(({ shop }) => ({ shop })).aggregate("by_shop", {
    orders: count(),
    units: sum(({ units }) => BigInt(units)),
  }).to(totalSink);
});
const PARTITIONS = 3;

/** The shop's topology on the embedded ClickHouse. */
async function openShop() {
  const { clock, log } = await openStepLog({ [TOPIC]: PARTITIONS });
  const opened = await openEmbeddedWarehouse(server(), { clock, topology: () => shop });
  const rows = new Map<number, { id: number; shop: string; units: number }>();
  const put = (from: number, to: number) => {
    const changed = Array.from({ length: to - from }, (_, index) => {
      const id = from + index;
      return { id, shop: `shop ${id % 7}`, units: id * 3 + to };
    });
    for (const row of changed) rows.set(row.id, row);
    const records = changed.map((row) => ({
      key: `{"id":${row.id}}`,
      value: JSON.stringify({ op: "u", after: row }),
    }));
    return appendKeyed(log, records, { topic: TOPIC, partitions: PARTITIONS });
  };
  const run = new StepRun(shop, { clock, ports: { log, warehouse: opened.warehouse } }).start();
  await run.settled();
  const [{ name: database }] = await clock.outside(opened.warehouse.query("SELECT currentDatabase() AS name"));
  const { url } = server();
  const connection = connect({ url, database: "default" });
  return {
    clock,
    run,
    put,
    command: (sql: string) => clock.outside(connection.command("test", sql.replaceAll("DB", String(database)))),
    async assertRight(what: string) {
      await run.settled();
      await opened.rest();
      const byId = [...opened.select("orders")].sort((a, b) => Number(a.id) - Number(b.id));
      assertEquals(byId, [...rows.values()].sort((a, b) => a.id - b.id), what);
      const totals = new Map<string, { shop: string; orders: number; units: number }>();
      for (const { shop, units } of rows.values()) {
        const total = totals.get(shop) ?? { shop, orders: 0, units: 0 };
        totals.set(shop, { shop, orders: total.orders + 1, units: total.units + units });
      }
      const shown = [...opened.select("totals")].sort((a, b) => String(a.shop) < String(b.shop) ? -1 : 1);
      assertEquals(shown, [...totals.values()].sort((a, b) => a.shop < b.shop ? -1 : 1), what);
      assertEquals(run.runner.problems.list(), [], what);
    },
    async [Symbol.asyncDispose]() {
      await run.stop();
      await log.close();
      await connection.close();
      await opened.close();
    },
  };
}

const DROPPED: readonly (readonly [what: string, statements: readonly string[]])[] = [
  ["the table of rows", ["DROP TABLE DB.orders_rows"]],
  ["the table of shares", ["DROP TABLE DB.totals_rows SYNC"]],
  [
    "both tables and both views",
    ["orders_rows", "totals_rows", "orders", "totals"].map((name) => `DROP TABLE DB.${name}`),
  ],
  ["a view", ["DROP VIEW DB.totals"]],
  ["the database", ["DROP DATABASE DB"]],
];

for (const [what, statements] of DROPPED) {
  Deno.test(`${what} dropped under a running topology is there again, with all rows, without a restart`, async () => {
    await using world = await openShop();
    await world.put(0, 200);
    await world.assertRight("before");
    for (const traffic of [false, true]) {
      if (traffic) await world.put(0, 20);
      for (const statement of statements) await world.command(statement);
      if (traffic) await world.put(15, 40);
      await world.clock.pass(LOOK_MS);
      await world.assertRight(traffic ? "with changes" : "without changes");
    }
    const remade = world.run.events.flatMap((event) => event.kind === "remade" ? [event] : []);
    assert(remade.length >= 2, JSON.stringify(remade));
    assertEquals(remade.some(({ rows }) => rows === null), what === "a view");
    assertEquals([world.run.restarts, world.run.failure], [[], null]);
  });
}
