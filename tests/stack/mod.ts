/**
 * The real services without Docker, for tests: start, end, kill and ask them. All functions act on the same stack by
 * default.
 */
import { exists, fetchArtifacts, missingPrerequisites } from "./artifacts.ts";
import { connectorRunning, connectorState, registerConnector } from "./connector.ts";
import { type LayoutOptions, type StackLayout, stackLayout } from "./layout.ts";
import { createDatabase, postgresAddress, psql as query } from "./postgres.ts";
import { endProcess, pidOf, residentMiB } from "./process.ts";
import { stackSecrets } from "./secrets.ts";
import type { ServiceName } from "./launches.ts";
import { answers, notStartable, serviceNames, startService as start } from "./services.ts";
import { createTopics } from "./topics.ts";

export type { ServiceName } from "./launches.ts";

export interface StackUpOptions extends LayoutOptions {
  /** ClickHouse too. */
  readonly clickhouse?: boolean;
  /** Everything: ClickHouse, Weir, and where their packages are installed Prometheus and PostgreSQL's exporter too. */
  readonly all?: boolean;
  /** Only the broker and ZooKeeper: enough for tests of the log. */
  readonly kafkaOnly?: boolean;
  /** False: without the store's topics. */
  readonly topics?: boolean;
  readonly onProgress?: (line: string) => void;
}

export interface StackAddresses {
  /** Bootstrap address `host:port`. */
  readonly kafka: string;
  readonly connect: string;
  readonly clickhouse: string;
  readonly weir: string;
  readonly prometheus: string;
  /** As `npm:pg` takes them; superuser. */
  readonly postgres: { host: string; port: number; database: string; user: string; password: string };
}

export interface ServiceStatus {
  readonly name: ServiceName;
  readonly pid: number | null;
  readonly answers: boolean;
  readonly residentMiB: number | null;
}

/**
 * Starts what does not run, and resolves when the connector streams. Idempotent.
 * @throws Error with what to install or read
 */
export async function stackUp(options: StackUpOptions = {}): Promise<StackAddresses> {
  const { all = false, clickhouse = all, kafkaOnly = false, topics = true, onProgress = () => {} } = options;
  const missing = missingPrerequisites();
  if (missing.length > 0) throw new Error(`Cannot start the stack:\n  - ${missing.join("\n  - ")}`);
  const layout = stackLayout(options);
  makeFolders(layout);
  await fetchArtifacts(layout, onProgress);
  const up = (name: ServiceName) => timed(`${name} ready`, onProgress, () => start(layout, name));
  const kafka = async () => {
    await up("zookeeper");
    await up("kafka");
    if (topics) await timed("topics ready", onProgress, () => createTopics(layout));
  };
  if (kafkaOnly) {
    await kafka();
    return stackAddresses(options);
  }
  await Promise.all([
    kafka().then(() => up("connect")),
    up("postgres").then(() => timed("database ready", onProgress, () => createDatabase(layout))),
    ...(clickhouse ? [up("clickhouse")] : []),
  ]);
  await timed("connector streaming", onProgress, async () => {
    await registerConnector(layout);
    await connectorRunning(layout, 180_000);
  });
  if (all) {
    for (const name of ["weir", "postgres-exporter", "prometheus"] as const) {
      const reason = notStartable(name);
      if (reason === null) await up(name);
      else onProgress(reason);
    }
  }
  return stackAddresses(options);
}

/**
 * Ends the processes that `stackUp` started, and no others; with `wipe` also deletes their data and logs (jars stay).
 */
export async function stackDown(
  options: LayoutOptions & { wipe?: boolean; onProgress?: (line: string) => void } = {},
): Promise<void> {
  const { wipe = false, onProgress = () => {} } = options;
  const layout = stackLayout(options);
  const down = async (name: ServiceName) => {
    // PostgreSQL's SIGINT disconnects clients; its SIGTERM would wait for them.
    const signal = name === "postgres" ? "SIGINT" : "SIGTERM";
    onProgress(`${name} ${await endProcess(layout, name, { signal, deadlineMs: 20_000 })}`);
  };
  // Each before what it needs: a broker without ZooKeeper cannot shut down in order.
  await Promise.all([down("prometheus"), down("postgres-exporter"), down("weir"), down("connect")]);
  await Promise.all([down("kafka"), down("postgres"), down("mariadb"), down("clickhouse")]);
  await down("zookeeper");
  if (!wipe) return;
  for (const folder of [layout.data, layout.logs, layout.run, layout.etc, layout.secrets]) {
    if (exists(folder)) await Deno.remove(folder, { recursive: true });
  }
  onProgress("wiped");
}

export async function stackStatus(
  options: LayoutOptions = {},
): Promise<{ services: ServiceStatus[]; connector: string }> {
  const layout = stackLayout(options);
  const services = await Promise.all(serviceNames.map(async (name) => {
    const pid = pidOf(layout, name);
    return {
      name,
      pid,
      answers: pid !== null && await answers(layout, name).catch(() => false),
      residentMiB: pid === null ? null : residentMiB(pid),
    };
  }));
  return { services, connector: (await connectorState(layout)).state };
}

export function stackAddresses(options: LayoutOptions = {}): StackAddresses {
  const layout = stackLayout(options);
  const { ports } = layout;
  return {
    kafka: `127.0.0.1:${ports.kafka}`,
    connect: `http://127.0.0.1:${ports.connect}`,
    clickhouse: `http://127.0.0.1:${ports.clickhouse}`,
    weir: `http://127.0.0.1:${ports.weir}`,
    prometheus: `http://127.0.0.1:${ports.prometheus}`,
    postgres: postgresAddress(layout),
  };
}

/** Sends `signal` (default SIGKILL) to a service of this stack and resolves when it has ended. Its data stay. */
export async function killService(
  name: ServiceName,
  signal: Deno.Signal = "SIGKILL",
  options: LayoutOptions = {},
): Promise<void> {
  await endProcess(stackLayout(options), name, { signal, deadlineMs: 30_000 });
}

/** Starts a service that was killed and resolves when it answers; for `connect`, when its connector streams again. */
export async function startService(name: ServiceName, options: LayoutOptions = {}): Promise<void> {
  const layout = stackLayout(options);
  await start(layout, name);
  if (name === "connect") await connectorRunning(layout, 180_000);
}

/** Runs SQL as superuser in database online_store; the rows of the last statement. */
export function psql(sql: string, values?: unknown[], options: LayoutOptions = {}): Promise<Record<string, unknown>[]> {
  return query(stackLayout(options), sql, values);
}

function makeFolders(layout: StackLayout): void {
  for (const folder of [layout.root, layout.data, layout.logs, layout.run, layout.libs]) {
    Deno.mkdirSync(folder, { recursive: true });
  }
  Deno.mkdirSync(layout.secrets, { recursive: true, mode: 0o700 });
  stackSecrets(layout);
}

async function timed(what: string, onProgress: (line: string) => void, work: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await work();
  onProgress(`${what} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
