import type { Topology } from "../../dsl/topology.ts";
import type { Configuration } from "../config/configuration.ts";
import { ADDRESS } from "../embedded_directory.ts";
import { type HttpServer, serveHttp } from "../http_server.ts";
import { createPrometheusMetrics } from "../prometheus.ts";
import type { DemoOptions } from "./embedded_world.ts";
import type { Output } from "./output.ts";
import { settle } from "./rest.ts";
import { routesOf } from "./routes.ts";
import { StatusSource } from "./status_source.ts";
import { TopologyRun } from "./topology_run.ts";
import type { World } from "./world.ts";

/** What an instance runs. */
export interface ApplicationOptions {
  readonly configuration: Configuration;
  readonly topologies: readonly Topology[];
  readonly output: Output;
  /** Null: no demo store. Only in embedded mode. */
  readonly demo: DemoOptions | null;
  /** Null: until told to end. */
  readonly durationMs: number | null;
  /** Aborted to end: everything under way is acknowledged, and positions are committed. */
  readonly signal: AbortSignal;
}

/** How long a run with a duration may take to apply what is there at its end. */
const CATCH_UP_MS = 120_000;
/** When told to end: time to apply what is there, to drain, and in all before the process must be gone. */
const ENDING = { catchUpMs: 1_500, drainMs: 2_000, allMs: 4_500 } as const;

/**
 * Runs topologies until told to end, the duration is over, or one of them cannot go on.
 * @throws the error of the topology that cannot go on, or of what could not be opened
 * @returns the status with which the process should end
 */
export async function runApplication(options: ApplicationOptions): Promise<number> {
  const { configuration, output, signal } = options;
  const metrics = createPrometheusMetrics();
  const world = await openWorld(options, metrics);
  let server: HttpServer | null = null;
  let ticking: ReturnType<typeof setInterval> | undefined;
  try {
    const runs = options.topologies.map((topology) =>
      new TopologyRun({
        topology,
        ports: world.ports,
        options: configuration.run,
        onEvent: (event) => output.event(event),
      })
    );
    const status = new StatusSource({ world, runs, metrics, configuration });
    const written = () => metrics.total("weir_sink_rows_total", {});
    const settled = (deadlineMs: number, restSignal?: AbortSignal) =>
      settle(() => runs.map((run) => ({ name: run.topology.name, runner: run.runner })), {
        deadlineMs,
        written,
        signal: restSignal,
      }).finally(() => status.keepStale());
    let preparing: string | null = "the snapshot is under way";
    server = serveHttp(
      configuration,
      routesOf({
        metrics,
        runs,
        notReady: () => status.ending ?? preparing,
        rest: async (deadlineMs, restSignal) => {
          const release = await world.demo?.hold() ?? (() => {});
          return { unfinished: await settled(deadlineMs, restSignal), release };
        },
      }),
    );
    await announce(server, { world, status, options });
    const tick = () => output.status(status.take());
    tick();
    ticking = setInterval(tick, output.statusEveryMs);

    await world.demo?.prepare(signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    preparing = null;
    if (signal.aborted) return 0;
    startAll(runs, { world, signal });
    world.demo?.begin();
    const failure = await untilEnd(options, [
      ...runs.map((run) => run.failed),
      ...(world.demo ? [world.demo.failed] : []),
    ]);

    status.ending = failure !== null
      ? "Ending: it cannot go on"
      : `${signal.aborted ? "Ending" : "Time is over"}: applying what is there`;
    tick();
    const left = failure === null ? await finish(options, { world, settled }) : null;
    await Promise.all(runs.map((run) => run.stop(ENDING.drainMs)));
    tick();
    if (failure !== null) throw failure;
    return ended(options, left);
  } finally {
    clearInterval(ticking);
    await server?.close();
    await world.close();
    output.close();
  }
}

/** How long the next topology waits for the one before it. */
const TURN_MS = 10_000;

/**
 * Embedded, topologies load one after the other, those with the fewest joins and aggregates first, which show the
 * newest rows soonest: all at once would take as long as the last one, and show nothing until then. With real services
 * they wait for the network, not for each other.
 */
async function startAll(
  runs: readonly TopologyRun[],
  { world, signal }: { world: World; signal: AbortSignal },
): Promise<void> {
  const { clock } = world.ports;
  const stateful = ({ topology }: TopologyRun) =>
    topology.nodes.filter(({ op }) => op === "aggregate" || op.endsWith("Join")).length;
  for (const run of world.mode === "real" ? runs : runs.toSorted((a, b) => stateful(a) - stateful(b))) {
    if (signal.aborted) return;
    run.start();
    if (world.mode === "embedded") await Promise.race([run.firstStart, clock.sleep(TURN_MS, signal)]);
  }
}

async function openWorld(
  options: ApplicationOptions,
  metrics: ReturnType<typeof createPrometheusMetrics>,
): Promise<World> {
  const { configuration, output, demo } = options;
  const worldOptions = { configuration, metrics, onEvent: output.event };
  if (configuration.kafka !== null) {
    return await (await import("./real_world.ts")).openRealWorld(worldOptions);
  }
  return await (await import("./embedded_world.ts")).openEmbeddedWorld({ ...worldOptions, demo });
}

/** Says where to look, and that it is not where one would look first. */
async function announce(
  server: HttpServer,
  { world, status, options }: { world: World; status: StatusSource; options: ApplicationOptions },
): Promise<void> {
  const { output, configuration } = options;
  const addresses = { ...world.addresses, [ADDRESS.metrics]: server.url };
  status.addresses = addresses;
  await world.publish(addresses);
  if (configuration.port !== 0 && server.port !== configuration.port) {
    output.event({
      level: "warn",
      name: "port",
      text: `Port ${configuration.port} is in use: metrics are on ${server.url}/metrics instead`,
      fields: { wanted: configuration.port, port: server.port },
    });
  }
  output.event({
    level: "info",
    name: "listening",
    text: Object.entries(addresses).map(([name, url]) => `${name} ${url}`).join(", "),
    fields: { mode: world.mode, data: configuration.dataDirectory, addresses },
  });
}

/** Resolves with the first failure, or with null when told to end or the time is over. */
async function untilEnd(options: ApplicationOptions, failures: readonly Promise<Error>[]): Promise<Error | null> {
  const { signal, durationMs } = options;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<null>((resolve) => {
    signal.addEventListener("abort", () => resolve(null));
    if (signal.aborted) resolve(null);
    if (durationMs !== null) timer = setTimeout(() => resolve(null), durationMs);
  });
  const failure = await Promise.race([over, ...failures]);
  clearTimeout(timer);
  return failure;
}

/**
 * Ends the changes first, so that there is an end to wait for. Returns what could not be applied in time; null if
 * nobody can say.
 */
async function finish(
  { signal }: ApplicationOptions,
  { world, settled }: { world: World; settled: (deadlineMs: number, signal?: AbortSignal) => Promise<string[]> },
): Promise<string[] | null> {
  if (world.demo === null) return null;
  await world.demo.hold();
  if (signal.aborted) return await settled(Date.now() + ENDING.catchUpMs);
  const left = await settled(Date.now() + CATCH_UP_MS, signal);
  return signal.aborted ? null : left;
}

function ended({ output, signal }: ApplicationOptions, left: readonly string[] | null): number {
  const inTime = left === null || left.length === 0 || signal.aborted;
  const text = left === null
    ? "Ended"
    : left.length === 0
    ? "Ended: everything is in ClickHouse, positions are committed"
    : inTime
    ? `Ended. The next start goes on from here (${left.join("; ")})`
    : `Ended, but could not apply everything within ${CATCH_UP_MS / 1000} s: ${left.join("; ")}`;
  output.event({ level: inTime ? "info" : "error", name: "ended", text, fields: { unfinished: left } });
  return inTime ? 0 : 1;
}

/** Milliseconds after which a process that was told to end is gone, whatever still hangs. */
export const ENDING_MS_MAX: number = ENDING.allMs;
