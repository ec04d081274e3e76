import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { openEmbeddedLog } from "../../../src/adapters/embedded/log.ts";
import { systemClock } from "../../../src/adapters/embedded/system_clock.ts";
import { createPrometheusMetrics } from "../../../src/cli/prometheus.ts";
import type { Event } from "../../../src/cli/start/output.ts";
import { settle } from "../../../src/cli/start/rest.ts";
import { TopologyRun } from "../../../src/cli/start/topology_run.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import type { Ports } from "../../../src/runtime/runner.ts";
import { ConfigError, ProductionError } from "../../../src/record/errors.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";

const TOPIC = "shop.public.things";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64" } });
const mirror = topology("things", (builder) => builder.table(things).to(shown));

/** Pauses take a fiftieth of their time. */
const clock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms > 500 ? ms / 50 : ms, signal),
};

async function withRun(
  change: (ports: Ports) => Partial<Ports>,
  use: (run: TopologyRun, events: Event[], ports: Ports) => Promise<void>,
): Promise<void> {
  const log = openEmbeddedLog({ path: ":memory:" });
  const events: Event[] = [];
  const ports: Ports = {
    log,
    warehouse: createMemoryWarehouse(),
    clock,
    random: { next: Math.random },
    metrics: createPrometheusMetrics(),
    deadLetters: { put: () => Promise.resolve() },
  };
  const changed = { ...ports, ...change(ports) };
  const run = new TopologyRun({
    topology: mirror,
    ports: changed,
    options: defaultRunOptions,
    onEvent: (event) => events.push(event),
  });
  try {
    await use(run, events, ports);
  } finally {
    await run.stop(2_000);
    await log.close();
  }
}

async function fill(ports: Ports): Promise<void> {
  await ports.log.createTopic({ name: TOPIC, partitions: 1, cleanup: "compact", retentionMs: -1 });
  const value = '{"before":null,"after":{"id":1},"source":{},"op":"c"}';
  await ports.log.append([{ topic: TOPIC, partition: 0, records: [{ key: '{"id":1}', value }] }]);
}

Deno.test("TopologyRun starts again by itself after a failure that passes", async () => {
  let refusals = 2;
  const refusing = ({ log }: Ports) => ({
    log: {
      ...log,
      join: (group: Parameters<typeof log.join>[0]) =>
        refusals-- > 0 ? Promise.reject(new ProductionError("the coordinator is away", true)) : log.join(group),
    },
  });
  await withRun(refusing, async (run, events, ports) => {
    await fill(ports);
    run.start();
    await run.firstStart;
    assertEquals(run.state, "waiting");
    assert(run.unready().some((reason) => reason.includes("the coordinator is away")), run.unready().join("; "));
    const name = run.topology.name;
    const left = await settle(() => [{ name, runner: run.runner }], {
      log: ports.log,
      deadlineMs: Date.now() + 20_000,
      written: () => 0,
    });
    assertEquals(left, []);
    assertEquals([run.state, run.unready(), run.started?.map(({ written }) => written)], ["running", [], [1]]);
    assertEquals(events.filter((event) => event.name === "failed").length, 2);
    assertEquals(events.filter((event) => event.name === "started").length, 1);
  });
});

Deno.test("TopologyRun ends with the error when an operator must act", async () => {
  const broken = () => Promise.reject(new ConfigError(["the table has another shape"]));
  await withRun(({ warehouse }) => ({ warehouse: { ...warehouse, ensure: broken } }), async (run, _, ports) => {
    await fill(ports);
    run.start();
    const error = await run.failed;
    assertEquals([error.message, run.state, run.problems()], ["the table has another shape", "ended", [error.message]]);
  });
});

Deno.test("settle() gives back what is missing when the time is over", async () => {
  await withRun(() => ({}), async (run, _, ports) => {
    run.start();
    await run.firstStart;
    const left = await settle(() => [{ name: "things", runner: run.runner }], {
      log: ports.log,
      deadlineMs: Date.now() + 100,
      written: () => 0,
    });
    assertEquals(left, ["things: not all tasks run"]);
    assert(run.problems()[0].includes(TOPIC), run.problems().join("; "));
  });
});
