/**
 * The real services without Docker: `deno task stack up [--all | --kafka] | down [--wipe] | wipe | status`.
 * Environment: WEIR_STACK (folder, default .stack), WEIR_STACK_PORT_OFFSET (added to every port).
 */
import { parseArgs } from "node:util";
import { weirEnvironment } from "./launches.ts";
import { stackLayout } from "./layout.ts";
import { type ServiceName, type ServiceStatus, stackAddresses, stackDown, stackStatus, stackUp } from "./mod.ts";
import { postgresPassword } from "./secrets.ts";

const usage = `usage: deno task stack <command>
  up [--all]      start ZooKeeper, Kafka, PostgreSQL, Connect with Debezium, and ClickHouse's HTTP interface, and wait
                  until the connector streams; with --all also Weir, Prometheus and PostgreSQL's exporter
  up --kafka      start only ZooKeeper and Kafka
  down [--wipe]   end it; with --wipe also delete its data
  wipe            the same as down --wipe
  status          what runs; exit code 1 if something needed does not, or something else does not answer`;

/** What `up` without --all starts. */
const needed: readonly ServiceName[] = ["zookeeper", "kafka", "postgres", "connect", "clickhouse"];

async function main(args: string[]): Promise<number> {
  const { positionals: [command], values } = parseArgs({
    args,
    allowPositionals: true,
    options: { all: { type: "boolean" }, kafka: { type: "boolean" }, wipe: { type: "boolean" } },
  });
  const started = performance.now();
  const onProgress = (line: string) => {
    console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  };
  switch (command) {
    case "up":
      await stackUp({ all: values.all, clickhouse: true, kafkaOnly: values.kafka, onProgress });
      console.log(await addresses());
      if (!values.kafka) console.log(howToUse());
      return 0;
    case "down":
    case "wipe":
      await stackDown({ wipe: values.wipe || command === "wipe", onProgress });
      return 0;
    case "status":
      return await status();
    default:
      console.error(usage);
      return 2;
  }
}

/** Where each service that runs is found. */
async function addresses(): Promise<string> {
  const { ports } = stackLayout();
  const { kafka, connect, clickhouse, weir, prometheus, postgres } = stackAddresses();
  const found: Record<ServiceName, string> = {
    "zookeeper": `127.0.0.1:${ports.zookeeper}`,
    "kafka": `${kafka}, metrics at http://127.0.0.1:${ports.kafkaMetrics}/metrics`,
    "postgres": `${postgres.host}:${postgres.port}, database ${postgres.database}`,
    "mariadb": `127.0.0.1:${ports.mariadb}`,
    "connect": `${connect}, metrics at http://127.0.0.1:${ports.connectMetrics}/metrics`,
    "clickhouse": `${clickhouse}, read-only at http://127.0.0.1:${ports.clickhouseReader}`,
    "weir": `${weir}/readyz, metrics at ${weir}/metrics`,
    "postgres-exporter": `http://127.0.0.1:${ports.postgresMetrics}/metrics`,
    "prometheus": `${prometheus}/alerts`,
  };
  const { services } = await stackStatus();
  return services.filter(({ pid }) => pid !== null).map(({ name }) => `  ${name.padEnd(18)} ${found[name]}`).join("\n");
}

/** The environment in which Weir's commands and psql find this stack. */
function howToUse(): string {
  const layout = stackLayout();
  const { KAFKA_BROKERS, CLICKHOUSE_URL, CLICKHOUSE_USER, CLICKHOUSE_PASSWORD_FILE } = weirEnvironment(layout);
  const { host, port, database, user } = stackAddresses().postgres;
  return [
    "To use it:",
    `  export KAFKA_BROKERS=${KAFKA_BROKERS} CLICKHOUSE_URL=${CLICKHOUSE_URL}`,
    `  export CLICKHOUSE_USER=${CLICKHOUSE_USER} CLICKHOUSE_PASSWORD_FILE=${CLICKHOUSE_PASSWORD_FILE}`,
    `  export PGHOST=${host} PGPORT=${port} PGDATABASE=${database} PGUSER=${user} PGPASSWORD=$(cat ${
      postgresPassword(layout)
    })`,
  ].join("\n");
}

async function status(): Promise<number> {
  const { services, connector } = await stackStatus();
  const state = ({ pid, answers }: ServiceStatus) => pid === null ? "down" : answers ? "up" : "not answering";
  for (const service of services) {
    const { name, pid, residentMiB } = service;
    console.log(
      `${name.padEnd(18)} ${state(service).padEnd(14)} ${pid === null ? "" : `pid ${pid}, ${residentMiB} MiB`}`,
    );
  }
  console.log(`${"connector".padEnd(18)} ${connector}`);
  const wanted = services.filter(({ name, pid }) => needed.includes(name) || pid !== null);
  return wanted.every(({ answers }) => answers) && connector === "RUNNING" ? 0 : 1;
}

if (import.meta.main) {
  try {
    // Explicit: kafkajs may leave timers behind that would keep the process for a while.
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
