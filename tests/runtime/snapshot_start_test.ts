import { assert, assertEquals } from "@std/assert";
import type { Log } from "../../src/ports/log.ts";
import type { RunEvent } from "../../src/runtime/runner.ts";
import { createMemorySnapshots } from "../../src/testing/memory_snapshots.ts";
import { readerWith } from "../reader_with.ts";
import type { StepRun } from "./step_run.ts";
import { openThings, THINGS } from "./things.ts";

const OPTIONS = { snapshotEveryMs: 1_000, repairAfterMs: 1e9 };

/** What a run said about snapshots. */
function told(run: StepRun): string[] {
  return run.events.flatMap((event: RunEvent) => {
    if (event.kind === "restored") return [`${event.tasks} tasks, ${event.rows} rows, ${event.records} records`];
    return event.kind === "snapshot ignored" || event.kind === "snapshot failed" ? [event.reason] : [];
  });
}

/** Puts the rows, and runs until their snapshot is published; of one partition. */
async function publish(
  world: Awaited<ReturnType<typeof openThings>>,
  { snapshots, rows }: {
    readonly snapshots: ReturnType<typeof createMemorySnapshots>;
    readonly rows: Parameters<typeof world.put>[0];
  },
): Promise<void> {
  await world.put(rows);
  const run = world.spawn({ options: OPTIONS, snapshots });
  await world.until(() => snapshots.published.size === 1);
  await run.stop();
}

Deno.test("a start goes on from its snapshots: it reads what lies behind them, and writes what differs", async () => {
  await using world = await openThings({ partitions: 2 });
  const snapshots = createMemorySnapshots();
  await world.put(Array.from({ length: 100 }, (_, id) => [id, `name ${id}`] as const));
  const first = world.spawn({ options: OPTIONS, snapshots });
  await world.until(() => world.names().size === 100);
  await world.until(() => snapshots.published.size === 2);
  // What comes behind them is read when nobody has written a snapshot of it.
  const published = new Map(snapshots.published);
  await world.put([[3, "new"], [200, "more"], [7, null]]);
  await world.until(() => world.names().get(3) === "new" && !world.names().has(7));
  await first.stop();
  for (const [name, bytes] of published) snapshots.published.set(name, bytes);
  await world.put([[5, "while nobody ran"], [9, null], [300, "too"]]);
  const writes = world.memory.writes();
  const second = world.spawn({ options: OPTIONS, snapshots });
  await world.until(() => world.names().get(5) === "while nobody ran" && !world.names().has(9));
  await world.until(() => world.names().size === 100);
  assertEquals(told(second), ["2 tasks, 100 rows, 6 records"]);
  assertEquals(world.memory.writes() - writes, 3, "a row, a new one, and one that is gone");
  assertEquals(world.names().get(3), "new");
});

Deno.test("a start believes ClickHouse, not its snapshot, about what is shown", async () => {
  await using world = await openThings({ partitions: 1 });
  const snapshots = createMemorySnapshots();
  await publish(world, { snapshots, rows: [[1, "one"], [2, "two"], [3, "three"]] });
  world.memory.drop("things");
  const second = world.spawn({ options: OPTIONS, snapshots });
  await world.until(() => world.names().size === 3);
  assertEquals(told(second), ["1 tasks, 3 rows, 0 records"]);
});

Deno.test("a snapshot that is damaged is ignored, and the task reads everything", async () => {
  await using world = await openThings({ partitions: 1 });
  const snapshots = createMemorySnapshots();
  await publish(world, { snapshots, rows: [[1, "one"], [2, "two"]] });
  for (const [name, bytes] of snapshots.published) {
    const damaged = bytes.slice();
    // Within the head's text.
    damaged[60] ^= 4;
    snapshots.published.set(name, damaged);
  }
  const writes = world.memory.writes();
  const second = world.spawn({ options: OPTIONS, snapshots });
  await world.until(() => second.runner.ready);
  assert(told(second)[0].startsWith("it is damaged: "), told(second)[0]);
  assertEquals([world.names().size, world.memory.writes() - writes], [2, 0]);
});

Deno.test("snapshots that cannot be written or read are told, and nothing depends on them", async () => {
  await using world = await openThings({ partitions: 1 });
  const broken = {
    read: () => Promise.reject(new Error("no such disk")),
    write: () => Promise.reject(new Error("the disk is full")),
  };
  await world.put([[1, "one"]]);
  const run = world.spawn({ options: OPTIONS, snapshots: broken });
  await world.until(() => told(run).length === 2);
  assertEquals(told(run), ["no such disk", "the disk is full"]);
  assertEquals([world.names().size, run.failure], [1, null]);
});

Deno.test("no snapshot is published while a row whose digest it holds is not acknowledged", async () => {
  await using world = await openThings({ partitions: 1 });
  const snapshots = createMemorySnapshots();
  await world.put([[1, "one"]]);
  let answer: (() => void) | null = null;
  const slow = {
    ...world.memory,
    insert: async (batch: Parameters<typeof world.memory.insert>[0]) => {
      if (world.names().size > 0) await new Promise<void>((resolve) => answer = resolve);
      await world.memory.insert(batch);
    },
  };
  const run = world.spawn({ options: OPTIONS, snapshots, warehouse: slow });
  await world.until(() => run.runner.ready && snapshots.published.size === 1);
  const [before] = snapshots.published.values();
  await world.put([[2, "two"]]);
  await world.until(() => answer !== null);
  for (let second = 0; second < 5; second++) await world.clock.pass(1_000);
  assertEquals([...snapshots.published.values()][0], before);
  answer!();
  await world.until(() => [...snapshots.published.values()][0] !== before);
});

Deno.test("tasks that start without their snapshots for one reason are told at once", async () => {
  await using world = await openThings({ partitions: 3 });
  const snapshots = createMemorySnapshots();
  await world.put(Array.from({ length: 30 }, (_, id) => [id, "name"] as const));
  const first = world.spawn({ options: OPTIONS, snapshots });
  await world.until(() => snapshots.published.size === 3);
  await first.stop();
  const second = world.spawn({ options: OPTIONS, snapshots, revision: { weir: "another", topologies: "" } });
  await world.until(() => second.runner.ready);
  const ignored = second.events.flatMap((event) => event.kind === "snapshot ignored" ? [event.tasks.length] : []);
  assertEquals(ignored, [3]);
});

Deno.test("a topology that has changed takes the rows of its snapshots, and evaluates all of them", async () => {
  await using world = await openThings({ partitions: 1 });
  const snapshots = createMemorySnapshots();
  await publish(world, { snapshots, rows: [[1, "one"], [2, "two"], [3, "three"]] });
  await world.put([[2, null], [4, "four"]]);
  const revision = { weir: "", topologies: "another text of a callback" };
  const second = world.spawn({ options: OPTIONS, snapshots, revision });
  await world.until(() => world.names().has(4) && !world.names().has(2));
  const restored = second.events.find(({ kind }) => kind === "restored");
  assertEquals(restored, { kind: "restored", tasks: 1, anew: 1, rows: 3, records: 2 });
  assertEquals(world.names(), new Map([[1, "one"], [3, "three"], [4, "four"]]));
  await second.stop();
  const third = world.spawn({ options: OPTIONS, snapshots, revision: { weir: "another", topologies: "" } });
  await world.until(() => third.runner.ready);
  assertEquals(told(third), ["the topology, or Weir, has changed since"]);
});

Deno.test("no snapshot is made of a task while its partition cannot be read", async () => {
  await using world = await openThings({ partitions: 1 });
  const snapshots = createMemorySnapshots();
  await world.put([[1, "one"]]);
  let problem: string | undefined;
  const { log } = world;
  const troubled = {
    ...log,
    reader() {
      const reader = log.reader();
      return readerWith(reader, {
        async poll(waitMs) {
          const parts = await reader.poll(waitMs);
          if (problem === undefined) return parts;
          const others = parts.filter(({ topic }) => topic !== THINGS);
          const at = { fromOffset: 1, nextOffset: 1, endOffset: 1 };
          return [...others, { topic: THINGS, partition: 0, ...at, records: [], problem }];
        },
      });
    },
  };
  const run = world.spawn({ options: OPTIONS, snapshots, log: troubled as Log });
  await world.until(() => snapshots.published.size === 1);
  const [before] = snapshots.published.values();
  await world.put([[2, "two"]]);
  await world.until(() => world.names().has(2));
  assertEquals([...snapshots.published.values()][0], before, "it is not due yet");
  problem = "a file is damaged";
  await world.until(() => run.runner.problems.list().some(({ name }) => name === `reading ${THINGS}/0`));
  for (let second = 0; second < 5; second++) await world.clock.pass(1_000);
  assertEquals([...snapshots.published.values()][0], before);
  problem = undefined;
  await world.put([[3, "three"]]);
  await world.until(() => [...snapshots.published.values()][0] !== before);
});
