import { assert, assertEquals } from "@std/assert";
import type { Log, Position } from "../../src/ports/log.ts";
import { gated, openThings, THINGS } from "./things.ts";

/** Gauges as last set, and how often any was. */
function recorder() {
  const last = new Map<string, number>();
  const state = { sets: 0, last };
  const metrics = {
    count() {},
    observe() {},
    gauge(name: string, _: unknown, value: number) {
      state.sets++;
      last.set(name, value);
    },
  };
  return { state, metrics };
}

/** What an instance commits. */
function committing(log: Log) {
  const commits: (readonly Position[])[] = [];
  return {
    commits,
    log: {
      ...log,
      async join(options) {
        const membership = await log.join(options);
        return { ...membership, commit: async (positions) => void commits.push(await Promise.resolve(positions)) };
      },
    } as Log,
  };
}

Deno.test("gauges are set, and tell the lag, while inserts hang and a comparison waits for them", async () => {
  await using world = await openThings({ partitions: 1 });
  const { warehouse, shut, open } = gated(world.memory);
  const { state, metrics } = recorder();
  const options = { repairAfterMs: 3_000, sinkRowsMax: 5 };
  const instance = world.spawn({ warehouse, metrics, options });
  await instance.settled();
  shut();
  for (let id = 0; id < 300; id++) {
    await world.put([[id, `thing ${id}`]]);
    if (id % 30 === 0) await world.clock.pass(50);
  }
  await world.clock.pass(4_000);
  const before = state.sets;
  await world.clock.pass(5_000);
  assert(state.sets > before, "no gauge was set while inserts hung");
  assert(state.last.get("weir_sink_pending_rows")! > 5);

  assertEquals(state.last.get("weir_source_lag_records"), 300 - state.last.get("weir_sink_pending_rows")!);
  open();
  await instance.settled();
  await world.clock.pass(1_000);
  assertEquals([state.last.get("weir_source_lag_records"), world.names().size], [0, 300]);
});

Deno.test("lag counts, and commits leave out, what was taken and is not evaluated", async () => {
  await using world = await openThings({ partitions: 1 });
  const { state, metrics } = recorder();
  const { log, commits } = committing(world.log);
  // One row a turn, and each turn lets time pass: reading is far ahead of evaluating.
  let slow = false;
  const { clock } = world;
  const slowed = { ...clock, breathe: () => slow ? clock.sleep(10) : clock.breathe() };
  const instance = world.spawn({ metrics, log, clock: slowed, options: { sliceRows: 1, commitEveryMs: 1_000 } });
  await instance.settled();
  slow = true;
  await world.put(Array.from({ length: 2_000 }, (_, id): [number, string] => [id, `thing ${id}`]));
  await clock.pass(3_500);
  const taken = instance.runner.status().tasks[0];
  const shown = world.names().size;
  const committed = commits.at(-1)!.find(({ topic }) => topic === THINGS)!.offset;
  assert(shown > 0 && shown < 2_000, `${shown} rows are shown`);
  assert(committed <= shown, `${committed} is committed, ${shown} rows are shown`);
  assert(taken.lagRecords > 0 && state.last.get("weir_source_lag_records")! > 0, JSON.stringify(taken));
  slow = false;
  await instance.settled();
  await clock.pass(2_500);
  assertEquals(commits.at(-1)!.find(({ topic }) => topic === THINGS)!.offset, 2_000);
  assertEquals(state.last.get("weir_source_lag_records"), 0);
});
