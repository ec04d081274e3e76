import { assert, assertEquals } from "@std/assert";
import type { InsertBatch } from "../../src/ports/warehouse.ts";
import { BusyTables } from "../../src/runtime/busy_tables.ts";
import { openThings } from "./things.ts";

const LATER_MS = 5_000;
const SECONDS = 5;

Deno.test("a change that comes after a quiet time is in ClickHouse without any time passing", async () => {
  await using world = await openThings({ partitions: 3 });
  const { clock } = world;
  const run = world.spawn();
  await clock.drained();
  await world.until(() => run.runner.ready);
  for (const name of ["a", "b", "c"]) {
    await clock.pass(LATER_MS);
    await world.put([[1, name]]);
    await clock.drained();
    assertEquals(world.names(), new Map([[1, name]]));
  }
});

Deno.test("a run that is stopped inserts what waits for its turn", async () => {
  await using world = await openThings({ partitions: 1 });
  const { clock } = world;
  const run = world.spawn({ options: { insertsPerSecond: 1, flushIntervalMs: 60_000 } });
  await world.until(() => run.runner.ready);
  for (const name of ["first", "second", "third"]) {
    await world.put([[1, name]]);
    await clock.drained();
  }
  assert(world.names().get(1) !== "third");
  await run.stop();
  assertEquals(world.names(), new Map([[1, "third"]]));
});

Deno.test("instances share the inserts a second into a table as they share its tasks", async () => {
  for (const instances of [1, 2, 3]) {
    await using world = await openThings({ partitions: 6 });
    const { clock, memory } = world;
    let inserts = 0;
    const warehouse = {
      ...memory,
      insert(batch: InsertBatch) {
        inserts++;
        return memory.insert(batch);
      },
    };
    const options = { insertsPerSecond: 20, flushIntervalMs: 1_000 };
    const runs = Array.from({ length: instances }, () => world.spawn({ warehouse, options }));
    await world.until(() => runs.every(({ runner }) => runner.ready && runner.status().tasks.length > 0));
    await clock.pass(LATER_MS);
    inserts = 0;
    for (let ms = 0; ms < SECONDS * 1_000; ms += 10) {
      await world.put(Array.from({ length: 6 }, (_, id) => [id, `at ${ms}`]));
      await clock.drained();
      await clock.pass(10);
    }
    // Of each instance, the first two need not wait, nor does what is acknowledged before positions are committed.
    const most = 20 * SECONDS + 3 * instances;
    assert(0.7 * most <= inserts && inserts <= most, `${inserts} inserts by ${instances} instances`);
  }
});

Deno.test("topologies of one process share the inserts a second into several tables", async () => {
  const rates: number[] = [];
  for (const others of [0, 7]) {
    await using world = await openThings({ partitions: 1 });
    const { clock } = world;
    const busyTables = new BusyTables(clock);
    const otherWriters = Array.from({ length: others }, () => ({}));
    const run = world.spawn({ busyTables, options: { insertsPerSecond: 20 } });
    await world.until(() => run.runner.ready);
    const before = world.memory.writes();
    for (let ms = 0; ms < SECONDS * 1_000; ms += 10) {
      for (const writer of otherWriters) busyTables.begin(writer);
      await world.put([[1, `at ${ms}`]]);
      await clock.drained();
      await clock.pass(10);
    }
    rates.push((world.memory.writes() - before) / SECONDS);
  }
  const [alone, beside] = rates;
  assert(15 <= alone && alone <= 21, `${alone} inserts a second alone`);
  assert(4 <= beside && beside <= 6, `${beside} inserts a second beside seven busy tables`);
});
