import { installed } from "./artifacts.ts";
import { launchOf, renderConfiguration, type ServiceName } from "./launches.ts";
import type { StackLayout } from "./layout.ts";
import { initialiseMariadb, mariadbAnswers } from "./mariadb.ts";
import { initialisePostgres, postgresAnswers } from "./postgres.ts";
import { launch, logTail, pidOf, waitUntil } from "./process.ts";
import { kafkaAnswers } from "./topics.ts";

const readyWithinMs: Record<ServiceName, number> = {
  zookeeper: 60_000,
  kafka: 120_000,
  postgres: 60_000,
  mariadb: 60_000,
  connect: 180_000,
  clickhouse: 120_000,
  weir: 180_000,
  "postgres-exporter": 60_000,
  prometheus: 60_000,
};

export const serviceNames = Object.keys(readyWithinMs) as readonly ServiceName[];

/**
 * What a killed service leaves behind for a moment, on which its successor ends: PostgreSQL's shared memory and lock
 * file, and the registration of a broker whose session ZooKeeper has not given up yet.
 */
const leftovers: Partial<Record<ServiceName, RegExp>> = {
  postgres: /pre-existing shared memory|lock file .* already exists/,
  kafka: /NodeExists/,
};

/**
 * Starts a service if it does not run, and resolves when it answers.
 * @throws Error with the end of its log, or if one of another stack has its port
 */
export async function startService(layout: StackLayout, name: ServiceName): Promise<void> {
  renderConfiguration(layout);
  if (name === "postgres") await initialisePostgres(layout);
  if (name === "mariadb") await initialiseMariadb(layout);
  if (pidOf(layout, name) === null) {
    if (await answers(layout, name).catch(() => false)) {
      throw new Error(`Cannot start ${name}: another one answers at its port. Set WEIR_STACK_PORT_OFFSET`);
    }
    launch(layout, name, launchOf(layout, name));
  }
  const running = () => {
    if (pidOf(layout, name) !== null) return true;
    if (!leftovers[name]?.test(logTail(layout, name))) return false;
    launch(layout, name, launchOf(layout, name));
    return true;
  };
  try {
    await waitUntil(name, () => answers(layout, name), { deadlineMs: readyWithinMs[name], alive: running });
  } catch (cause) {
    throw new Error(`${(cause as Error).message}. The end of its log:\n${logTail(layout, name)}`, { cause });
  }
}

/** Whether a service does its work right now. */
export async function answers(layout: StackLayout, name: ServiceName): Promise<boolean> {
  switch (name) {
    case "zookeeper":
      return await fourLetters(layout.ports.zookeeper, "ruok") === "imok";
    case "kafka":
      return await kafkaAnswers(layout);
    case "postgres":
      return await postgresAnswers(layout);
    case "mariadb":
      return await mariadbAnswers(layout);
    case "connect":
      return await httpOk(`http://127.0.0.1:${layout.ports.connect}/connectors`);
    case "clickhouse":
      return await httpOk(`http://127.0.0.1:${layout.ports.clickhouse}/ping`);
    case "weir":
      return await httpOk(`http://127.0.0.1:${layout.ports.weir}/readyz`);
    case "postgres-exporter":
      return await httpOk(`http://127.0.0.1:${layout.ports.postgresMetrics}/metrics`);
    case "prometheus":
      return await httpOk(`http://127.0.0.1:${layout.ports.prometheus}/-/ready`);
  }
}

/** Programs that the stack can do without, with Debian's packages that have them. */
const optional: Partial<Record<ServiceName, string>> = {
  "prometheus": "prometheus",
  "postgres-exporter": "prometheus-postgres-exporter",
};

/** `null` if the service can be started, otherwise why it cannot, and what to do. */
export function notStartable(name: ServiceName): string | null {
  const program = optional[name];
  if (program === undefined || installed(program)) return null;
  return `${program} is not installed and is left out: apt-get install --no-install-recommends ${program}`;
}

async function fourLetters(port: number, word: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(word));
  const answer = new Uint8Array(16);
  const length = await connection.read(answer) ?? 0;
  return new TextDecoder().decode(answer.subarray(0, length));
}

async function httpOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  await response.body?.cancel();
  return response.ok;
}
