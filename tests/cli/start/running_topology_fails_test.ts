import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { systemClock } from "../../../src/adapters/local/system_clock.ts";
import { clickhouse, debezium, sum, topology } from "../../../src/mod.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import type { Labels } from "../../../src/ports/metrics.ts";
import { RestoreError } from "../../../src/record/errors.ts";
import { readerWith } from "../../reader_with.ts";
import { fill, put, runOf, type RunPorts, TOPIC, until, withRun } from "./topology_runs.ts";
import { lettersInto } from "../../letters_to.ts";

Deno.test("TopologyRun that fails while it runs leaves its group, and closes what it read with", async () => {
  let fail: (error: Error) => void = () => {};
  let open = 0;
  const watched = ({ log }: RunPorts) => ({
    log: {
      ...log,
      join(group: Parameters<typeof log.join>[0]) {
        fail = group.onFailed;
        return log.join(group);
      },
      reader() {
        open++;
        const reader = log.reader();
        return readerWith(reader, {
          close() {
            open--;
            return reader.close();
          },
        });
      },
    },
  });
  await withRun(watched, async (run, _, ports) => {
    await fill(ports);
    run.start();
    await until(() => run.unready().length === 0, () => "it runs");
    const before = open;
    let tasks: readonly string[] = [];
    const other = await ports.log.join({
      group: "weir.things",
      tasks: [{ id: "things-0", partitions: [{ topic: TOPIC, partition: 0 }] }],
      onAssigned: (ids) => tasks = ids,
      onFailed: () => {},
    });
    assertEquals(tasks, []);
    fail(new RestoreError("things-0", "needs a person"));
    await run.over;
    await until(() => tasks.length === 1, () => "the other member takes the task over");
    assertEquals([run.state, run.runner, before > 0, open], ["failed", null, true, 0]);
    await other.leave();
  });
});

Deno.test("TopologyRun that fails before it has joined does not become a member later", async () => {
  const join = Promise.withResolvers<void>();
  let left = 0;
  let loops = 0;
  const slow = ({ log }: RunPorts) => ({
    log: {
      ...log,
      async join(group: Parameters<typeof log.join>[0]) {
        await join.promise;
        const membership = await log.join(group);
        return {
          ...membership,
          leave() {
            left++;
            return membership.leave();
          },
        };
      },
      // The loop fails at once: a bug in whatever looks at what was fetched.
      reader: () =>
        readerWith(log.reader(), {
          poll: () =>
            loops++ === 0
              ? Promise.resolve([{ topic: TOPIC, partition: 0 } as never])
              : systemClock.sleep(50).then(() => []),
        }),
    },
  });
  await withRun(slow, async (run, events, ports) => {
    await fill(ports);
    run.start();
    await until(() => run.state === "failed", () => "the loop's failure");
    assert(events.some(({ fields }) => String(fields?.error).startsWith("TypeError: ")), JSON.stringify(events));
    await run.stop(100);
    join.resolve();
    await until(() => left > 0, () => "it leaves what it joined too late");
  });
});

Deno.test("TopologyRun begins again after a bug in what is done now and then beside the records", async () => {
  let bugs = 1;
  const failing = ({ metrics }: RunPorts) => ({
    metrics: {
      ...metrics,
      gauge(name: string, labels: Labels, value: number) {
        if (name === "weir_tasks" && bugs-- > 0) throw new TypeError("a bug in a report");
        metrics.gauge(name, labels, value);
      },
    },
  });
  await withRun(failing, async (run, events, ports) => {
    await fill(ports);
    run.start();
    await until(() => run.state === "failed", () => run.state);
    assert(run.problems()[0].startsWith("TypeError: a bug in a report (tried again in "), run.problems()[0]);
    await until(() => run.unready().length === 0, () => run.unready().join());
    assertEquals(events.filter(({ name }) => name === "failed").map(({ level }) => level), ["error"]);
  });
});

Deno.test("a bug in a schema or a callback sets its row aside, and the topology runs on", async () => {
  const bug = (id: number, met: number) => {
    if (id === met) throw new RangeError(`a bug met ${id}`);
    return id;
  };
  const row = z.object({ id: z.int().transform((id) => bug(id, 1)) });
  const things = debezium(TOPIC, { key: ["id"], row });
  const buggy = topology("buggy", (builder) => {
    const table = builder.table(things).filter(({ id }) => bug(id, 2) > 0).mapValues(({ id }) => ({ id: bug(id, 3) }));
    table.to(clickhouse("buggy", { key: ["id"], columns: { id: "Int64" } }));
    table.groupBy(({ id }) => ({ last: bug(id, 4) % 10 })).aggregate("lasts", { sum: sum(({ id }) => bug(id, 5)) })
      .to(clickhouse("lasts", { key: ["last"], columns: { last: "Int64", sum: "Int64" } }));
  });
  const letters: DeadLetter[] = [];
  const kept = () => ({
    deadLetters: lettersInto(letters),
  });
  await withRun(kept, async (_, __, ports) => {
    await fill(ports);
    for (const id of [2, 3, 4, 5, 6]) await put(ports, id);
    const run = runOf(buggy, { ...ports, ...kept() });
    run.start();
    try {
      await until(() => run.unready().length === 0 && letters.length >= 5, () => `${run.unready()} ${letters.length}`);
      const reasons = letters.map(({ error }) => /a bug met \d/.exec(error)?.[0]).sort();
      assertEquals(reasons, [1, 2, 3, 4, 5].map((id) => `a bug met ${id}`));
      assertEquals([run.state, run.failure], ["running", null]);
      await until(
        () => ports.metrics.total("weir_sink_rows_total", { topology: "buggy" }) > 0,
        () => "the row without a bug",
      );
    } finally {
      await run.stop(2_000);
    }
  });
});
