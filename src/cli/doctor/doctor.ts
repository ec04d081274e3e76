import { encodedTopics } from "../../plan/encoded_topics.ts";
import { ConfigError } from "../../record/errors.ts";
import { serverOptions } from "../clickhouse_client.ts";
import { command, flag } from "../command.ts";
import type { Configuration } from "../config/configuration.ts";
import { configurationOf, dataOption, topologiesOption } from "../data_option.ts";
import { loadTopologies } from "../topology_files.ts";
import { checkClickHouse } from "./clickhouse_checks.ts";
import { checkConnector } from "./connector_checks.ts";
import { doctorLines } from "./doctor_text.ts";
import { type Finding, Findings } from "./finding.ts";
import { checkKafka } from "./kafka_checks.ts";
import { checkMysql } from "./mysql_checks.ts";
import { type Needs, needsOf } from "./needs.ts";
import { checkPostgres } from "./postgres_checks.ts";
import { checkRecords } from "./record_checks.ts";
import { checkRegistry } from "./registry_checks.ts";
import { checkClocks, checkWeir } from "./weir_checks.ts";

const SILENT_MS = 15_000;

/** Looks at a real installation, before or while it runs. */
export const doctorCommand = command({
  name: "doctor",
  operands: "[topology...]",
  operandCount: [0, Infinity],
  options: {
    data: dataOption,
    topologies: topologiesOption,
    all: flag("Also tells what is as it should be."),
    json: flag("Prints all findings as JSON, one object."),
  },
  description: [
    "Looks at the database, the connector, Kafka, the schema registry and ClickHouse as the topologies need them, and",
    "changes nothing. Each check says ok, warning, wrong or not checked, what that means, and what repairs it:",
    "docs/doctor.md of the package has a table of them. Status 1 if anything is wrong.",
    "The database is SOURCE_DATABASE_URL (else that of verify), Connect CONNECT_URL; all else as for start.",
  ].join("\n"),
  examples: ["deno task doctor", "CONNECT_URL=http://connect:8083 deno task doctor sales --all"],
  run: async ({ operands, options }) => {
    const findings = await examine(options, operands);
    if (options.json) console.log(JSON.stringify({ wrong: countWrong(findings), findings }, null, 2));
    else for (const line of doctorLines(findings, { all: options.all })) console.log(line);
    return countWrong(findings) === 0 ? 0 : 1;
  },
});

function countWrong(findings: readonly Finding[]): number {
  return findings.filter(({ verdict }) => verdict === "wrong").length;
}

async function examine(
  options: { readonly data?: string; readonly topologies?: string },
  names: readonly string[],
): Promise<Finding[]> {
  const own = new Findings("weir");
  let configuration: Configuration;
  let needs: Needs;
  try {
    configuration = configurationOf(options);
    own.ok(["variables", "environment and .env"]);
    const files = await loadTopologies(configuration.topologiesDirectory, names);
    needs = needsOf(files.map(({ topology }) => topology), configuration.run);
    own.ok(["topologies", configuration.topologiesDirectory], needs.topologies.map(({ name }) => name).join(", "));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const check = own.found.length === 0 ? "variables" : "topologies";
    for (const text of error.problems) own.wrong([check, "environment and .env"], { text });
    return own.found;
  }
  const connector = await checkConnector(configuration.connect, needs);
  const { source } = configuration;
  const database = source?.kind === "mysql"
    ? await checkMysql(source.mysql, { needs, connector })
    : await checkPostgres(source?.postgres ?? null, { needs, settings: connector.settings });
  const kafka = await examineKafka(configuration, needs);
  const clickhouse = await examineClickHouse(configuration, needs);
  const clocks = checkClocks([database.time, clickhouse.time].filter((time) => time !== null));
  return [
    ...own.found,
    ...checkWeir(configuration),
    ...database.findings,
    ...connector.findings,
    ...kafka,
    ...clickhouse.findings,
    ...clocks,
  ];
}

async function examineKafka({ kafka, registry, run }: Configuration, needs: Needs): Promise<readonly Finding[]> {
  if (kafka === null) {
    const findings = new Findings("kafka");
    findings.notChecked(["reachable", "Kafka"], "it is not configured: set KAFKA_BROKERS and CLICKHOUSE_URL");
    return findings.found;
  }
  const { openKafka } = await import("../../adapters/kafka/kafka_log.ts");
  const { inspectKafka } = await import("../../adapters/kafka/inspect_kafka.ts");
  const { kafkaOptions } = await import("../start/real_world.ts");
  const { configuredRegistry } = await import("../start/schema_registry.ts");
  const { openSchemas } = await import("../../adapters/schema_registry/schemas.ts");
  const settings = { ...kafkaOptions(kafka, () => {}), operationTimeoutMs: SILENT_MS };
  const log = openKafka(settings);
  const inspector = inspectKafka(settings);
  const schemas = registry === null ? null : configuredRegistry(registry);
  const user = kafka.login !== null && "username" in kafka.login ? kafka.login.username : null;
  try {
    const found = await checkKafka({ log, inspector, needs, run, brokers: kafka.brokers.join(","), user });
    const there = found.filter(({ check, verdict }) => check === "kafka.topic" && verdict === "ok");
    const topics = new Set(there.map(({ subject }) => subject));
    // Nobody is asked where Kafka does not answer.
    const described = topics.size === 0 ? [] : await log.topics([...topics]);
    const partitions = new Map([...described].map(([name, topic]) => [name, topic.partitions]));
    const url = registry?.urls[0] ?? "";
    const registered = await checkRegistry({ registry: schemas, url, log, needs, partitions });
    const encoded = needs.topologies.flatMap(encodedTopics).filter(({ topic }) => needs.tables.has(topic));
    const decoded = schemas === null ? log : openSchemas(schemas).decoded(log, encoded);
    if (registered.some(({ check, verdict }) => check === "registry.reachable" && verdict === "wrong")) {
      for (const { topic } of encoded) topics.delete(topic);
    }
    return [...found, ...registered, ...await checkRecords(decoded, { needs, there: topics })];
  } finally {
    schemas?.close();
    await inspector.close();
    await log.close();
  }
}

async function examineClickHouse(configuration: Configuration, needs: Needs) {
  if (configuration.clickhouse !== null) return await checkClickHouse(serverOptions(configuration), needs);
  const findings = new Findings("clickhouse");
  findings.notChecked(["reachable", "ClickHouse"], "it is not configured: set CLICKHOUSE_URL and KAFKA_BROKERS");
  return { findings: findings.found, time: null };
}
