import { assertEquals } from "@std/assert";
import type { Fetched, Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { createMemorySnapshots } from "../../src/testing/memory_snapshots.ts";
import { readerWith } from "../reader_with.ts";
import type { StepRun } from "./step_run.ts";
import { openThings, THINGS } from "./things.ts";

const OPTIONS = { snapshotEveryMs: 1_000, repairAfterMs: 1e9 };
const EXCHANGED = `records of "${THINGS}" before its position are others now`;

function told(run: StepRun): string[] {
  return run.events.flatMap((event) => {
    if (event.kind === "restored") return [`${event.tasks} tasks, ${event.records} records`];
    if (event.kind === "restart") return [`restart: ${event.reason}`];
    return event.kind === "snapshot ignored" ? [event.reason] : [];
  });
}

/** Of one partition, with a snapshot of two rows. */
async function openSaved() {
  const world = await openThings({ partitions: 1 });
  const snapshots = createMemorySnapshots();
  await world.put([[1, "one"], [2, "two"]]);
  const run = world.spawn({ options: OPTIONS, snapshots });
  await world.until(() => snapshots.published.size === 1);
  await run.stop();
  return { world, snapshots };
}

/** A log of which a test decides under which leader it is read, and where records end by leader. */
function ledBy(log: Log, { leader, epochEnds }: {
  readonly leader: (part: Fetched) => number | undefined;
  readonly epochEnds: Log["epochEnds"];
}): Log {
  return {
    ...log,
    epochEnds,
    reader() {
      const reader = log.reader();
      return readerWith(reader, {
        async poll(waitMs) {
          return (await reader.poll(waitMs)).map((part) => ({ ...part, leaderEpoch: leader(part) }));
        },
      });
    },
  };
}

Deno.test("a snapshot is refused if records before its position are others now", async () => {
  for (const [end, expected] of [[2, "1 tasks, 1 records"], [1, EXCHANGED], [-1, EXCHANGED]] as const) {
    const { world, snapshots } = await openSaved();
    await world.put([[3, "three"]]);
    const log = { ...world.log, epochEnds: () => Promise.resolve([end]) };
    const run = world.spawn({ options: OPTIONS, snapshots, log });
    await world.until(() => run.runner.ready && world.names().size === 3);
    assertEquals(told(run), [expected], `records end at ${end}`);
    await world[Symbol.asyncDispose]();
  }
});

Deno.test("a log that does not say whether they are is asked again, or it costs the snapshot", async () => {
  for (const retriable of [true, false]) {
    const { world, snapshots } = await openSaved();
    let asked = 0;
    const epochEnds: Log["epochEnds"] = (topic, epochs) =>
      ++asked === 1
        ? Promise.reject(new ProductionError("no right to ask", { retriable }))
        : world.log.epochEnds(topic, epochs);
    const run = world.spawn({ options: OPTIONS, snapshots, log: { ...world.log, epochEnds } });
    await world.until(() => run.runner.ready);
    assertEquals(told(run), [retriable ? "1 tasks, 0 records" : "no right to ask"]);
    await world[Symbol.asyncDispose]();
  }
});

Deno.test("a log that tells no leaders has its snapshots used all the same", async () => {
  await using world = await openThings({ partitions: 1 });
  const snapshots = createMemorySnapshots();
  const log = ledBy(world.log, {
    leader: () => undefined,
    epochEnds: () => Promise.reject(new TypeError("nobody asks")),
  });
  await world.put([[1, "one"]]);
  const first = world.spawn({ options: OPTIONS, snapshots, log });
  await world.until(() => snapshots.published.size === 1);
  await first.stop();
  const second = world.spawn({ options: OPTIONS, snapshots, log });
  await world.until(() => second.runner.ready);
  assertEquals(told(second), ["1 tasks, 0 records"]);
});

Deno.test("a task that runs into another leader is started again if that one lacked what was read", async () => {
  for (const lost of [false, true]) {
    await using world = await openThings({ partitions: 1 });
    const snapshots = createMemorySnapshots();
    let elected = false;
    const log = ledBy(world.log, {
      leader: () => elected ? 8 : 7,
      // The new leader had one record of the two that were read.
      epochEnds: (_, epochs) => Promise.resolve(epochs.map(({ leaderEpoch }) => leaderEpoch === 8 ? 99 : lost ? 1 : 2)),
    });
    await world.put([[1, "one"], [2, "two"]]);
    const run = world.spawn({ options: OPTIONS, snapshots, log });
    await world.until(() => snapshots.published.size === 1);
    const [before] = snapshots.published.values();
    elected = true;
    await world.put([[3, "three"]]);
    await world.until(() => [...snapshots.published.values()][0] !== before);
    assertEquals(told(run), lost ? [`restart: ${EXCHANGED}`, EXCHANGED] : []);
    assertEquals(run.failure, null);
  }
});
