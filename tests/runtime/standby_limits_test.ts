import { assert, assertEquals } from "@std/assert";
import type { Snapshots } from "../../src/ports/snapshots.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { createMemorySnapshots } from "../../src/testing/memory_snapshots.ts";
import { manyThings, openPair, OPTIONS, standbyOf, told, watched, type World } from "./standby_pair.ts";
import type { StepRun } from "./step_run.ts";
import { gated, openThings } from "./things.ts";

Deno.test("standbys are given up before a topology fails for want of memory", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(manyThings);
  const owner = world.spawn({ options: OPTIONS });
  await owner.settled();
  const standby = world.spawn({ options: { ...OPTIONS, storeEntriesMax: 100 } });
  await world.until(() => told(standby, "standby given up").length > 0);
  assertEquals(standbyOf(standby), { id: "things-0", partition: 0, state: "given up", lagRecords: 0, rows: 0 });
  assertEquals([standby.failure, standby.runner.ready], [null, true]);
});

/** An instance whose task has left a snapshot, and the changes since, of which none is in it. */
async function withSnapshot(world: World, openSecond: (snapshots: Snapshots) => StepRun): Promise<[StepRun, StepRun]> {
  await world.put(manyThings);
  const snapshots = createMemorySnapshots();
  const owner = world.spawn({ options: { ...OPTIONS, snapshotEveryMs: 1_000 }, snapshots });
  await world.until(() => snapshots.published.size === 1);
  const older = createMemorySnapshots();
  for (const [name, bytes] of snapshots.published) older.published.set(name, bytes);
  const standby = openSecond(older);
  await world.until(() => standby.runner.ready);
  await world.put([[3, "new"], [7, null], [500, "more"], [9, "for a while"], [9, "name 9"]]);
  await owner.settled();
  return [owner, standby];
}

Deno.test("a standby that has read everything is taken over, whatever snapshot there is", async () => {
  await using world = await openThings({ partitions: 1 });
  const options = { ...OPTIONS, snapshotEveryMs: 1_000 };
  const [owner, standby] = await withSnapshot(world, (snapshots) => world.spawn({ options, snapshots }));
  await world.until(() => standbyOf(standby)?.state === "ready");
  await owner.stop();
  await standby.settled();
  assertEquals(told(standby, "standbys took over", "restored"), [
    { kind: "standbys took over", tasks: 1, rows: 300, records: 0 },
  ]);
  assertEquals([world.names().size, world.names().get(3), world.names().has(7)], [300, "new", false]);
});

Deno.test("a snapshot is used where the standby has not read everything yet", async () => {
  await using world = await openThings({ partitions: 1 });
  const options = { ...OPTIONS, snapshotEveryMs: 1_000, metadataEveryMs: 1e9 };
  const { log, state } = watched(world.log);
  const [owner, standby] = await withSnapshot(world, (snapshots) => world.spawn({ options, snapshots, log }));
  await world.until(() => standbyOf(standby)?.rows > 0);
  assertEquals(standbyOf(standby).state, "reading", "nobody has asked where its topic ends since it began");
  state.silent = true;
  await owner.stop();
  state.silent = false;
  await standby.settled();
  assertEquals(told(standby, "standbys took over", "restored", "standby ignored").map(({ kind }) => kind), [
    "standby ignored",
    "restored",
  ]);
  assertEquals([world.names().size, world.names().get(3), world.names().has(7)], [300, "new", false]);
});

Deno.test("a standby is taken over when the log answers again, if it does not at first", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put(manyThings);
  const { log, state, read } = watched(world.log);
  const [owner, standby] = await openPair(world, { log });
  state.epochFailures = 2;
  await owner.stop();
  await standby.settled();
  assertEquals([state.epochFailures < 0, told(standby, "standbys took over").length, read.length], [true, 1, 300]);
});

Deno.test("a standby reads nothing while sinks of its instance have too much waiting", async () => {
  await using world = await openThings({ partitions: 2 });
  const owner = world.spawn({ options: OPTIONS });
  await owner.settled();
  const gate = gated(world.memory);
  const standby = world.spawn({ options: { ...OPTIONS, sinkRowsMax: 0 }, warehouse: gate.warehouse });
  await world.until(() => standby.runner.ready && standbyOf(standby)?.state === "ready");
  const idIn = (partition: number) =>
    manyThings.map(([id]) => id).find((id) => partitionOf(`{"id":${id}}`, 2) === partition)!;
  gate.shut();
  await world.put([[idIn(standby.runner.status().tasks[0].partition), "its own"]]);
  await world.clock.pass(2_000);
  await world.put([[idIn(standbyOf(standby).partition), "another's"]]);
  await world.clock.pass(5_000);
  assertEquals([standbyOf(standby).rows, world.names().size], [0, 1]);
  gate.open();
  await world.until(() => standbyOf(standby).rows === 1 && world.names().size === 2);
});

Deno.test("an instance that stays alone says once that nobody keeps its rows", async () => {
  await using world = await openThings({ partitions: 1 });
  const alone = world.spawn({ options: OPTIONS });
  await world.clock.pass(59_000);
  assertEquals(told(alone, "no standbys").length, 0);
  for (let minute = 0; minute < 5; minute++) await world.clock.pass(60_000);
  assertEquals(told(alone, "no standbys").length, 1);
  const other = world.spawn({ options: { ...OPTIONS, standbys: 0 } });
  await world.clock.pass(120_000);
  assert(other.events.every(({ kind }) => kind !== "no standbys"));
});
