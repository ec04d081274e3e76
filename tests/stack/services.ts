import { jmxAgent, prometheusInstalled } from "./artifacts.ts";
import { projectPath, type StackLayout } from "./layout.ts";
import { initialisePostgres, postgresAnswers, postgresLaunch } from "./postgres.ts";
import { type Launch, launch, logTail, pidOf, waitUntil } from "./process.ts";
import { kafkaAnswers } from "./topics.ts";

export type ServiceName = "zookeeper" | "kafka" | "postgres" | "connect" | "prometheus";

export const serviceNames: readonly ServiceName[] = ["zookeeper", "kafka", "postgres", "connect", "prometheus"];

// Short-lived services on a small machine: the fast compiler and the simple collector start twice as quickly.
const jvm = [
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-Xshare:auto",
  "-Djava.awt.headless=true",
  "-Djava.net.preferIPv4Stack=true",
];

const readyWithinMs: Record<ServiceName, number> = {
  zookeeper: 60_000,
  kafka: 120_000,
  postgres: 60_000,
  connect: 180_000,
  prometheus: 60_000,
};

/**
 * What a killed service leaves behind for a moment, on which its successor ends: PostgreSQL's shared memory and lock file, and the
 * registration of a broker whose session ZooKeeper has not given up yet.
 */
const leftovers: Partial<Record<ServiceName, RegExp>> = {
  postgres: /pre-existing shared memory|lock file .* already exists/,
  kafka: /NodeExists/,
};

/** Starts a service if it does not run, and resolves when it answers. @throws Error with the end of its log */
export async function startService(layout: StackLayout, name: ServiceName): Promise<void> {
  renderConfiguration(layout);
  if (name === "postgres") await initialisePostgres(layout);
  if (pidOf(layout, name) === null) launch(layout, name, launchOf(layout, name));
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
    case "connect":
      return await httpOk(`http://127.0.0.1:${layout.ports.connect}/connectors`);
    case "prometheus":
      return await httpOk(`http://127.0.0.1:${layout.ports.prometheus}/-/ready`);
  }
}

/** `null` if the service can be started, otherwise why it cannot, and what to do. */
export function notStartable(name: ServiceName): string | null {
  if (name !== "prometheus" || prometheusInstalled()) return null;
  return "prometheus is not installed and is left out: apt-get install --no-install-recommends prometheus";
}

function launchOf(layout: StackLayout, name: ServiceName): Launch {
  const { libs, etc, data, ports } = layout;
  const java = (options: string[], main: string[]): Launch => ({
    program: "java",
    args: [...options, ...jvm, `-Dlog4j.configuration=file:${etc}/log4j.properties`, "-cp", `${libs}/kafka/*`, ...main],
  });
  switch (name) {
    case "zookeeper":
      return java(["-Xms64m", "-Xmx128m"], [
        "org.apache.zookeeper.server.quorum.QuorumPeerMain",
        `${etc}/zookeeper.properties`,
      ]);
    case "kafka": {
      const agent = `-javaagent:${jmxAgent(layout)}=127.0.0.1:${ports.jmx}:${etc}/jmx-kafka.yml`;
      return java(["-Xms256m", "-Xmx512m", agent], ["kafka.Kafka", `${etc}/server.properties`]);
    }
    case "connect":
      return java(["-Xms256m", "-Xmx512m"], [
        "org.apache.kafka.connect.cli.ConnectDistributed",
        `${etc}/connect-distributed.properties`,
      ]);
    case "postgres":
      return postgresLaunch(layout);
    case "prometheus":
      return {
        program: "prometheus",
        args: [
          `--config.file=${etc}/prometheus.yml`,
          `--storage.tsdb.path=${data}/prometheus`,
          "--storage.tsdb.retention.time=1d",
          `--web.listen-address=127.0.0.1:${ports.prometheus}`,
        ],
      };
  }
}

/** Writes tests/stack/etc/* with this stack's folder and ports into the stack's own etc folder. */
function renderConfiguration(layout: StackLayout): void {
  const { ports } = layout;
  const values: Record<string, string | number> = {
    STACK: layout.root,
    ZOOKEEPER_PORT: ports.zookeeper,
    KAFKA_PORT: ports.kafka,
    KAFKA_INTERNAL_PORT: ports.kafkaInternal,
    CONNECT_PORT: ports.connect,
    JMX_PORT: ports.jmx,
    PROMETHEUS_PORT: ports.prometheus,
  };
  for (const folder of [layout.etc, layout.logs, layout.run, layout.data]) Deno.mkdirSync(folder, { recursive: true });
  const templates = projectPath("tests/stack/etc");
  for (const { name } of Deno.readDirSync(templates)) {
    const text = Deno.readTextFileSync(`${templates}/${name}`);
    Deno.writeTextFileSync(`${layout.etc}/${name}`, text.replace(/@([A-Z_]+)@/g, (_, key) => String(values[key])));
  }
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
