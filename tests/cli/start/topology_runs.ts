import { noSnapshots } from "../../../src/ports/snapshots.ts";
import { z } from "zod";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import { systemClock } from "../../../src/adapters/local/system_clock.ts";
import { createPrometheusMetrics, type PrometheusMetrics } from "../../../src/cli/prometheus.ts";
import type { Event } from "../../../src/cli/start/output.ts";
import { type RouteOptions, routesOf } from "../../../src/cli/start/routes.ts";
import { TopologyRun } from "../../../src/cli/start/topology_run.ts";
import type { Topology } from "../../../src/dsl/topology.ts";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { defaultRunOptions } from "../../../src/runtime/options.ts";
import type { Ports } from "../../../src/runtime/runner.ts";
import { createMemoryWarehouse } from "../../../src/testing/memory_warehouse.ts";
import { lettersTo } from "../../letters_to.ts";

/** Source topic of {@link withRun}. */
export const TOPIC = "shop.public.things";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int() }) });
const shown = clickhouse("things", { key: ["id"], columns: { id: "Int64" } });
const mirror = topology("things", (builder) => builder.table(things).to(shown));

/** Ports with metrics that can be read. */
export type RunPorts = Ports & { readonly metrics: PrometheusMetrics };

/** Pauses take a fiftieth of their time. */
export const clock: Ports["clock"] = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms > 500 ? ms / 50 : ms, signal),
};

/** Calls `use` with a topology that has not been started, on a log in memory; `change` puts other ports in place. */
export async function withRun(
  change: (ports: RunPorts) => Partial<Ports>,
  use: (run: TopologyRun, events: Event[], ports: RunPorts) => Promise<void>,
): Promise<void> {
  const log = openEmbeddedLog({ path: ":memory:" });
  const events: Event[] = [];
  const ports: RunPorts = {
    log,
    warehouse: createMemoryWarehouse(),
    clock,
    random: { next: Math.random },
    metrics: createPrometheusMetrics(),
    deadLetters: lettersTo(),
    snapshots: noSnapshots,
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

/** Makes the source topic, with one row. */
export async function fill(ports: Ports): Promise<void> {
  await ports.log.createTopic({ name: TOPIC, partitions: 1, cleanup: "compact", retentionMs: -1 });
  await put(ports, 1);
}

/** Another row of the source topic. */
export async function put(ports: Ports, id: number): Promise<void> {
  const value = `{"before":null,"after":{"id":${id}},"source":{},"op":"c"}`;
  await ports.log.append([{ topic: TOPIC, partition: 0, records: [{ key: `{"id":${id}}`, value }] }]);
}

/** A run of another topology on the same ports. */
export function runOf(topology: Topology, ports: Ports): TopologyRun {
  return new TopologyRun({ topology, ports, options: defaultRunOptions, onEvent: () => {} });
}

/** What an instance with these runs answers at `path`. Nobody may ask it for a rest. */
export async function answerOf(
  path: "/metrics" | "/readyz",
  { runs, metrics }: Pick<RouteOptions, "runs" | "metrics">,
): Promise<Response> {
  const unasked = (what: string): never => {
    throw new Error(`nobody asks for ${what}`);
  };
  const rest = () => Promise.reject(new Error("nobody asks for a rest"));
  const routes = routesOf({
    access: { password: null },
    watched: {
      ...{ runs, password: null, showsRows: true, reader: { url: "http://127.0.0.1:1", database: "default" } },
      ...{
        instance: () => "here",
        lettersIn: "file",
        events: () => [],
        verifying: () => false,
        demo: null,
        status: () => unasked("the status"),
      },
    },
    proofRoutes: {},
    metrics,
    runs,
    notReady: () => null,
    rest,
    produce: null,
    stores: { password: null, instance: () => "here" },
    letters: openEmbeddedDeadLetters({ path: ":memory:" }).stored,
  });
  return await routes[`GET ${path}`](new Request(`http://127.0.0.1${path}`), { loopback: true });
}

/** Resolves as soon as it is so. @throws Error with what was waited for, after 20 s */
export async function until(is: () => boolean, what: () => string): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!is()) {
    if (Date.now() > endMs) throw new Error(`Waited in vain: ${what()}`);
    await systemClock.sleep(5);
  }
}
