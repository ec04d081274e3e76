import { assert, assertEquals } from "@std/assert";
import { partitionOf } from "../../src/record/partitioner.ts";
import { RestoreError } from "../../src/record/errors.ts";
import { openThings } from "./things.ts";

const ROWS = 9_000;
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index): [number, string] => [from + index, `thing ${from + index}`]);

/** A table that shows 9,000 rows, and then a log that holds only those that `kept` names. */
async function restored(partitions: number, kept: readonly (readonly [number, string])[]) {
  const before = await openThings({ partitions });
  await before.put(rows(0, ROWS));
  await before.spawn().settled();
  const { memory } = before;
  await before[Symbol.asyncDispose]();
  const world = await openThings({ partitions });
  await world.put(kept);
  const spawn = ({ allowDeletes = false } = {}) =>
    world.spawn({ warehouse: memory, options: { allowDeletes, generation: 2 } });
  return { world, spawn, shown: () => memory.select("things").length };
}

Deno.test("a recreated topic is noticed at every start, however few rows each partition has", async () => {
  const { world, spawn, shown } = await restored(12, []);
  await using _ = world;
  for (let start = 0; start < 3; start++) {
    const instance = spawn();
    await world.until(() => instance.failure !== null);
    assert(instance.failure instanceof RestoreError, String(instance.failure));
    assert(instance.failure.message.includes(`${ROWS} of ${ROWS} rows`), instance.failure.message);
    await instance.stop();
    assertEquals(shown(), ROWS);
  }
  await spawn({ allowDeletes: true }).settled();
  assertEquals(shown(), 0);
});

Deno.test("a start deletes unasked what is a small share of all rows, though not of any partition", async () => {
  const kept = rows(0, ROWS).filter(([id]) => id >= 900);
  const { world, spawn, shown } = await restored(12, kept);
  await using _ = world;
  await spawn().settled();
  assertEquals(shown(), kept.length);
});

Deno.test("a partition that lost its rows is noticed, though they are a small share of all rows", async () => {
  const kept = rows(0, ROWS).filter(([id]) => partitionOf(`{"id":${id}}`, 6) !== 4);
  const { world, spawn, shown } = await restored(6, kept);
  await using _ = world;
  const instance = spawn();
  await world.until(() => instance.failure !== null);
  assert(instance.failure!.message.includes('task "things-4" shows'), instance.failure!.message);
  await instance.stop();
  assertEquals(shown(), ROWS);
});
