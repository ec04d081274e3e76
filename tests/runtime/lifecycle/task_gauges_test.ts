import { assert, assertEquals } from "@std/assert";
import type { Metrics } from "../../../src/ports/metrics.ts";
import { openThings } from "../things.ts";

const TASK_GAUGES = ["weir_source_lag_records", "weir_source_lag_seconds", "weir_stored_rows"];

/** Gauges of tasks as last set, and how often any was. */
function recorder() {
  const last = new Map<string, number>();
  const state = { sets: 0, last };
  const metrics: Metrics = {
    count() {},
    observe() {},
    gauge(...args) {
      const [name, labels, value] = args;
      if (!TASK_GAUGES.includes(name)) return;
      state.sets++;
      last.set(`${name} ${labels.partition}`, value);
    },
  };
  return { state, metrics };
}

Deno.test("gauges of a task are 0 where it no longer is, so that they can be added up over instances", async () => {
  await using world = await openThings({ partitions: 2 });
  for (let id = 0; id < 20; id++) await world.put([[id, `thing ${id}`]]);
  const recorders = [recorder(), recorder()];
  const rows = () =>
    recorders.map(({ state }) =>
      [0, 1].reduce((sum, partition) => sum + (state.last.get(`weir_stored_rows ${partition}`) ?? 0), 0)
    );
  const first = world.spawn({ metrics: recorders[0].metrics });
  await first.settled();
  await world.clock.pass(2_000);
  assertEquals(rows(), [20, 0]);
  const second = world.spawn({ metrics: recorders[1].metrics });
  await second.settled();
  await world.clock.pass(2_000);
  assertEquals(rows().reduce((sum, value) => sum + value), 20);
  assert(rows()[1] > 0, "the second instance has no task");
  await second.stop();
  await first.settled();
  await world.clock.pass(2_000);
  assertEquals(rows()[0], 20);
});

Deno.test("gauges of a task are set when they change, not once a second", async () => {
  await using world = await openThings({ partitions: 2 });
  const { state, metrics } = recorder();
  const instance = world.spawn({ metrics });
  await instance.settled();
  await world.clock.pass(2_000);
  assertEquals([...state.last.keys()].length, 6);
  const before = state.sets;
  await world.clock.pass(10_000);
  assertEquals(state.sets, before);
  await world.put([[1, "thing 1"]]);
  await instance.settled();
  await world.clock.pass(2_000);
  assertEquals([0, 1].map((partition) => state.last.get(`weir_stored_rows ${partition}`)).toSorted(), [0, 1]);
});
