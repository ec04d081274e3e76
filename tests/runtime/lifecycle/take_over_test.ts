import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, topology } from "../../../src/mod.ts";
import { inboxTopic } from "../../../src/plan/inbox_topic.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { appendKeyed, openStepLog, StepRun } from "../step_run.ts";

const TOPIC = "shop.public.orders";
const PARTITIONS = 3;
const ROWS = 1_500;

const orders = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), shop: z.string() }) });

/** The same sinks under any name of the topology. */
const named = (name: string) =>
  topology(name, (builder) => {
    const table = builder.table(orders);
    table.to(clickhouse("orders", { key: ["id"], columns: { id: "Int64", shop: "String" } }));
    table.groupBy(({ shop }) => ({ shop })).aggregate("by_shop", { orders: count() }).to(
      clickhouse("shops", { key: ["shop"], columns: { shop: "String", orders: "UInt64" } }),
    );
  });

/** A log and a warehouse that outlive their topologies. */
async function openWorld() {
  const { clock, log } = await openStepLog({ [TOPIC]: PARTITIONS });
  const warehouse = createMemoryWarehouse();
  const runs: StepRun[] = [];
  const put = (from: number, to: number, shop: (id: number) => string) => {
    const ids = Array.from({ length: to - from }, (_, index) => from + index);
    const records = ids.map((id) => ({
      key: `{"id":${id}}`,
      value: JSON.stringify({ op: "u", after: { id, shop: shop(id) } }),
    }));
    return appendKeyed(log, records, { topic: TOPIC, partitions: PARTITIONS });
  };
  return {
    clock,
    log,
    warehouse,
    put,
    run(name: string, takeOver: readonly string[] = []): StepRun {
      const run = new StepRun(named(name), { clock, ports: { log, warehouse }, options: { takeOver } }).start();
      runs.push(run);
      return run;
    },
    async failure(run: StepRun): Promise<Error> {
      for (let step = 0; run.failure === null; step++) {
        assert(step < 1_000, "it does not fail");
        await clock.pass(100);
      }
      return run.failure;
    },
    async settled(run: StepRun): Promise<void> {
      // Before it joins its group a run that waits has nothing to do.
      for (let step = 0; step < 150; step++) await clock.pass(100);
      await run.settled();
    },
    async [Symbol.asyncDispose]() {
      for (const run of runs) await run.stop();
      await log.close();
    },
  };
}

Deno.test("a renamed topology is offered to take its tables over, and needs no option later", async () => {
  await using world = await openWorld();
  const { warehouse } = world;
  await world.put(0, ROWS, (id) => `shop ${id % 10}`);
  for (let life = 0; life < 3; life++) {
    const run = world.run("old");
    await run.settled();
    await world.put(life, life + 1, () => "life");
    await run.settled();
    await run.stop();
  }
  const shops = warehouse.select("shops");
  const written = warehouse.writes();

  const failed = world.run("renamed");
  const failure = await world.failure(failed);
  assert(failure instanceof ConfigError, String(failure));
  assertStringIncludes(failure.message, "--take-over <old name>");
  assertStringIncludes(failure.message, "WEIR_GENERATION=2");
  await failed.stop();

  const wrong = world.run("renamed", ["older"]);
  assertStringIncludes((await world.failure(wrong)).message, 'from "older": the log has no inboxes of that name');
  await wrong.stop();
  assertEquals(warehouse.writes(), written);

  const taking = world.run("renamed", ["older", "old"]);
  await world.settled(taking);
  assertEquals([warehouse.writes(), warehouse.select("shops")], [written, shops]);
  const taken = taking.events.flatMap((event) => event.kind === "taken over" ? [event] : []);
  const inboxes = ["orders", "by_shop"].map((table) => inboxTopic({ topology: "old", table, generation: 1 }));
  assertEquals(taken.map(({ from }) => from), ["old"]);
  assert(
    taken[0].inboxes.every((name) => inboxes.includes(name)) && taken[0].inboxes.length > 0,
    taken[0].inboxes.join(),
  );
  await taking.stop();

  // Nothing is written of the new generation yet: only the inboxes tell that the tables are its own.
  for (const option of [[], ["old"]]) {
    const run = world.run("renamed", option);
    await world.settled(run);
    assertEquals([warehouse.writes(), run.events.some(({ kind }) => kind === "taken over")], [written, false]);
    await run.stop();
  }
  const run = world.run("renamed");
  await run.settled();
  await world.put(100, 110, () => "moved");
  await run.settled();
  assertEquals(warehouse.select("orders").filter(({ shop }) => shop === "moved").length, 10);
  assertEquals(warehouse.select("shops").find(({ shop }) => shop === "moved")!.orders, 10);
  assertEquals(run.restarts, []);
  await run.stop();

  const again = world.run("third", ["renamed"]);
  await world.settled(again);
  await world.put(0, 5, () => "third");
  await again.settled();
  assertEquals(warehouse.select("shops").find(({ shop }) => shop === "third")!.orders, 5);
  assertEquals(warehouse.select("orders").length, ROWS);
});

Deno.test("nothing is taken over from a topology that still runs, and that one goes on", async () => {
  await using world = await openWorld();
  await world.put(0, ROWS, (id) => `shop ${id % 10}`);
  const old = world.run("old");
  await old.settled();
  const failure = await world.failure(world.run("renamed", ["old"]));
  assert(failure instanceof ConfigError, String(failure));
  assertStringIncludes(failure.message, "it still runs somewhere");
  await old.settled();
  await world.put(0, 1, () => "changed");
  await old.settled();
  assertEquals([old.failure, world.warehouse.select("orders")[0].shop], [null, "changed"]);
});

Deno.test("tables are taken over also when refused starts have made the own inboxes as long", async () => {
  await using world = await openWorld();
  await world.put(0, 20, () => "one");
  const old = world.run("old");
  await old.settled();
  await old.stop();
  for (let start = 0; start < 3; start++) {
    const refused = world.run("renamed", start === 0 ? [] : ["none"]);
    for (let step = 0; step < 50; step++) await world.clock.pass(100);
    await refused.stop();
  }
  const run = world.run("renamed", ["old"]);
  await world.settled(run);
  assertEquals([run.failure, run.events.filter(({ kind }) => kind === "taken over").length], [null, 1]);
});

Deno.test("the option changes nothing for a topology that is new, or whose tables are its own", async () => {
  await using world = await openWorld();
  await world.put(0, 20, () => "one");
  for (let start = 0; start < 2; start++) {
    const run = world.run("own", ["gone"]);
    await world.settled(run);
    assertEquals([run.failure, world.warehouse.select("shops")], [null, [{ shop: "one", orders: 20 }]]);
    await run.stop();
  }
});
