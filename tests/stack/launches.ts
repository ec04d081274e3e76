import { stringify } from "yaml";
import { accountNames } from "../../src/cli/embedded_accounts.ts";
import { jmxAgent } from "./artifacts.ts";
import { projectPath, type StackLayout } from "./layout.ts";
import { mariadbLaunch } from "./mariadb.ts";
import { postgresLaunch } from "./postgres.ts";
import type { Launch } from "./process.ts";
import { prometheusConfig } from "./prometheus.ts";
import { exporterPassword } from "./secrets.ts";

export type ServiceName =
  | "zookeeper"
  | "kafka"
  | "postgres"
  | "mariadb"
  | "connect"
  | "clickhouse"
  | "weir"
  | "postgres-exporter"
  | "prometheus";

// Short-lived services on a small machine: the fast compiler and the simple collector start twice as quickly.
const jvm = [
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-Xshare:auto",
  "-Djava.awt.headless=true",
  "-Djava.net.preferIPv4Stack=true",
];

/** How a service is started. */
export function launchOf(layout: StackLayout, name: ServiceName): Launch {
  const { libs, etc, data, ports } = layout;
  // Kafka 3.9 and 4 have different logging libraries.
  const logging = {
    kafka: `log4j.configuration=file:${etc}/log4j.properties`,
    connect: `log4j2.configurationFile=file:${etc}/connect_log4j2.properties`,
  };
  const java = (classPath: keyof typeof logging, { options, main }: { options: string[]; main: string[] }): Launch => ({
    program: "java",
    args: [...options, ...jvm, `-D${logging[classPath]}`, "-cp", `${libs}/${classPath}/*`, ...main],
  });
  // The same rules as in compose/, so that what dashboards ask for is proven here.
  const agent = (port: number, rules: string) =>
    `-javaagent:${jmxAgent(layout)}=127.0.0.1:${port}:${projectPath(`compose/${rules}`)}`;
  switch (name) {
    case "zookeeper":
      return java("kafka", {
        options: ["-Xms64m", "-Xmx128m"],
        main: ["org.apache.zookeeper.server.quorum.QuorumPeerMain", `${etc}/zookeeper.properties`],
      });
    case "kafka":
      return java("kafka", {
        options: ["-Xms256m", "-Xmx512m", agent(ports.kafkaMetrics, "kafka/jmx.yml")],
        main: ["kafka.Kafka", `${etc}/server.properties`],
      });
    case "connect":
      return java("connect", {
        options: ["-Xms256m", "-Xmx512m", agent(ports.connectMetrics, "debezium/jmx.yml")],
        main: ["org.apache.kafka.connect.cli.ConnectDistributed", `${etc}/connect-distributed.properties`],
      });
    case "postgres":
      return postgresLaunch(layout);
    case "mariadb":
      return mariadbLaunch(layout);
    case "clickhouse":
      return deno("tests/stack/clickhouse.ts", `${data}/clickhouse`, ports.clickhouse, ports.clickhouseReader);
    case "weir":
      return { ...deno("src/main.ts", "start"), environment: weirEnvironment(layout) };
    case "postgres-exporter":
      return {
        program: "prometheus-postgres-exporter",
        args: [`--web.listen-address=127.0.0.1:${ports.postgresMetrics}`],
        environment: {
          DATA_SOURCE_URI: `127.0.0.1:${ports.postgres}/online_store?sslmode=disable`,
          DATA_SOURCE_USER: "postgres_exporter",
          DATA_SOURCE_PASS_FILE: exporterPassword(layout),
        },
      };
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

/** What a Weir on this stack is configured with. */
export function weirEnvironment({ ports, root, data }: StackLayout): Record<string, string> {
  const { writer } = accountNames(data);
  return {
    KAFKA_BROKERS: `127.0.0.1:${ports.kafka}`,
    CLICKHOUSE_URL: `http://127.0.0.1:${ports.clickhouse}`,
    CLICKHOUSE_USER: writer.user,
    CLICKHOUSE_PASSWORD_FILE: writer.file,
    WEIR_DATA: `${root}/data/weir`,
    WEIR_TOPOLOGIES: projectPath("topologies"),
    WEIR_PORT: String(ports.weir),
  };
}

/**
 * Writes tests/stack/etc/* with this stack's folder and ports into the stack's own etc folder, and Prometheus'
 * configuration.
 */
export function renderConfiguration(layout: StackLayout): void {
  const { ports } = layout;
  const values: Record<string, string | number> = {
    STACK: layout.root,
    ZOOKEEPER_PORT: ports.zookeeper,
    KAFKA_PORT: ports.kafka,
    KAFKA_INTERNAL_PORT: ports.kafkaInternal,
    CONNECT_PORT: ports.connect,
  };
  for (const folder of [layout.etc, layout.logs, layout.run, layout.data]) Deno.mkdirSync(folder, { recursive: true });
  const templates = projectPath("tests/stack/etc");
  for (const { name } of Deno.readDirSync(templates)) {
    const text = Deno.readTextFileSync(`${templates}/${name}`);
    Deno.writeTextFileSync(`${layout.etc}/${name}`, text.replace(/@([A-Z_]+)@/g, (_, key) => String(values[key])));
  }
  Deno.writeTextFileSync(`${layout.etc}/prometheus.yml`, stringify(prometheusConfig(layout)));
}

function deno(script: string, ...args: (string | number)[]): Launch {
  const options = ["run", "-A", "--cached-only", `--config=${projectPath("deno.json")}`];
  return { program: Deno.execPath(), args: [...options, projectPath(script), ...args.map(String)] };
}
