import { assert, assertEquals } from "@std/assert";
import { inboxTopic } from "../../src/plan/inbox_topic.ts";
import type { GroupOptions, Log } from "../../src/ports/log.ts";
import type { Metrics } from "../../src/ports/metrics.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { firstEpochOf } from "../../src/record/epoch.ts";
import { openThings } from "./things.ts";

const INBOX = inboxTopic({ topology: "things", table: "things", generation: 1 });

Deno.test("Runner.ready is true of an instance without tasks, once the group has decided so", async () => {
  await using world = await openThings({ partitions: 1 });
  let assign = () => {};
  const log = {
    ...world.log,
    join: (options: GroupOptions) =>
      world.log.join({ ...options, onAssigned: (tasks) => void (assign = () => options.onAssigned(tasks, [])) }),
  } as Log;
  const first = world.spawn();
  await first.settled();
  const ready: number[] = [];
  const metrics: Metrics = {
    count() {},
    observe() {},
    gauge: (name, _, value) => void (name === "weir_ready" && ready.push(value)),
  };
  const second = world.spawn({ log, metrics });
  await world.clock.pass(3_000);
  assertEquals([second.runner.ready, ready.at(-1)], [false, 0]);
  assign();
  await world.clock.pass(3_000);
  assertEquals([second.runner.ready, ready.at(-1), second.runner.status().tasks], [true, 1, []]);
  await first.stop();
  assign();
  assertEquals(second.runner.ready, false, "a task has come that does not run yet");
  await second.settled();
  assertEquals([second.runner.ready, second.runner.status().tasksRunning], [true, 1]);
});

/** A warehouse that knows an epoch so many HELLOs after the own one, at the first question. */
async function startBehind(hellos: number, { appended }: { readonly appended: number }) {
  const world = await openThings({ partitions: 1 });
  await world.put([[1, "thing 1"]]);
  let asked = 0;
  const warehouse = {
    ...world.memory,
    async greatestEpochs() {
      if (asked++ > 0) return new Map<string, number>();
      const records = Array.from({ length: appended }, () => ({ key: null, value: '{"hello":"things-0"}' }));
      if (records.length > 0) await world.log.append([{ topic: INBOX, partition: 0, records }]);
      return new Map([["things-0", firstEpochOf(1) + 1 + hellos]]);
    },
  };
  return { world, instance: world.spawn({ warehouse }) };
}

Deno.test("a task that another instance started meanwhile starts again, and no generation is asked for", async () => {
  const { world, instance } = await startBehind(1, { appended: 1 });
  await using _ = world;
  await instance.settled();
  const restarts = instance.events.filter(({ kind }) => kind === "restart");
  assertEquals([restarts, world.names().size], [[{ kind: "restart", task: "things-0", reason: "superseded" }], 1]);
});

Deno.test("an epoch beyond the inbox's end, or the own one, proves that the inbox was lost", async () => {
  for (const [hellos, appended] of [[2, 1], [1, 0], [0, 0], [0, 5]]) {
    const { world, instance } = await startBehind(hellos, { appended });
    await using _ = world;
    await world.until(() => instance.failure !== null);
    assert(instance.failure instanceof ConfigError, String(instance.failure));
    assert(instance.failure.message.includes("WEIR_GENERATION=2"), instance.failure.message);
  }
});

Deno.test("a topic that is recreated while its task starts is read anew", async () => {
  await using world = await openThings({ partitions: 1 });
  await world.put([[1, "thing 1"], [2, "thing 2"]]);
  const gate = Promise.withResolvers<void>();
  let hold = true;
  let id = 0;
  const log = {
    ...world.log,
    // Where the topic ended before; it begins anew while this is on its way.
    async offsets(topic: string) {
      const offsets = await world.log.offsets(topic);
      if (!hold) return offsets;
      await gate.promise;
      return { ...offsets, end: offsets.end.map((end) => end + 7) };
    },
    async topics(names: readonly string[]) {
      const found = await world.log.topics(names);
      return new Map([...found].map(([name, topic]) => [name, { ...topic, id: name === INBOX ? topic.id : `${id}` }]));
    },
  } as Log;
  const instance = world.spawn({ log, options: { metadataEveryMs: 1_000 } });
  await world.clock.pass(1_500);
  id++;
  await world.clock.pass(1_500);
  hold = false;
  gate.resolve();
  await instance.settled();
  assertEquals(world.names().size, 2);
});
