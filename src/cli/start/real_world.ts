import { openClickHouse } from "../../adapters/clickhouse/open_clickhouse.ts";
import { openLocalSnapshots } from "../../adapters/local/snapshots.ts";
import { openEmbeddedDeadLetters } from "../../adapters/local/dead_letters.ts";
import { openTopicLetters } from "../../adapters/topic_letters/topic_letters.ts";
import { systemClock } from "../../adapters/local/system_clock.ts";
import { configuredSchemas } from "./schema_registry.ts";
import type { KafkaConfiguration } from "../config/kafka_variables.ts";
import { withoutPassword } from "../config/secret.ts";
import { serverOptions } from "../clickhouse_client.ts";
import { pathsIn } from "../embedded_directory.ts";
import { saslOf, tlsOf } from "./kafka_login.ts";
import { BusyTables } from "../../runtime/busy_tables.ts";
import type { Event } from "./output.ts";
import type { World, WorldOptions } from "./world.ts";

/**
 * Kafka and ClickHouse as configured. Dead letters (or what was read of the topics that hold them) and snapshots are
 * kept in the data directory, which several instances may share.
 * @throws ConfigError when the configuration cannot be, or the directory cannot be written
 */
export async function openRealWorld({ configuration, metrics, onEvent }: WorldOptions): Promise<World> {
  const { openKafka } = await import("../../adapters/kafka/kafka_log.ts");
  await Deno.mkdir(configuration.dataDirectory, { recursive: true });
  const paths = pathsIn(configuration.dataDirectory);
  const log = openKafka({ ...kafkaOptions(configuration.kafka!, onEvent), membersDirectory: paths.members });
  const warehouse = openClickHouse(serverOptions(configuration));
  const file = openEmbeddedDeadLetters({ path: paths.deadLetters });
  const deadLetters = configuration.deadLetters === "topic"
    ? openTopicLetters({ log, clock: systemClock, file, onProblem: (problem) => onEvent(problemEvent(problem)) })
    : file;
  const registry = configuredSchemas(configuration.registry);
  const close = async () => {
    await deadLetters.close();
    registry.close();
    await log.close();
    await warehouse.close();
  };
  return {
    mode: "real",
    ports: {
      log,
      warehouse,
      schemas: registry.schemas,
      clock: systemClock,
      random: { next: Math.random },
      metrics,
      deadLetters,
      snapshots: openLocalSnapshots(paths.snapshots),
      busyTables: new BusyTables(systemClock),
    },
    addresses: {
      Kafka: configuration.kafka!.brokers.join(","),
      ClickHouse: configuration.clickhouse!.urls.map(withoutPassword).join(","),
      ...configuration.registry === null ? {} : { "Schema registry": configuration.registry.urls.join(",") },
    },
    demo: null,
    produce: null,
    storePassword: configuration.storePassword?.reveal() ?? null,
    reader: serverOptions(configuration),
    letters: deadLetters.stored,
    publish: () => Promise.resolve(),
    close,
    // Others may write into the directory.
    discard: close,
  };
}

function problemEvent(problem: string | null): Event {
  return problem === null
    ? { level: "info", name: "letter topics", text: "Topics of dead letters are read again" }
    : { level: "warn", name: "letter topics", text: problem };
}

/** How the configured brokers are reached. */
export function kafkaOptions(kafka: KafkaConfiguration, onEvent: (event: Event) => void) {
  const { brokers, clientId, tls, login, replicationFactor, sessionTimeoutMs } = kafka;
  return {
    brokers,
    clientId,
    ...(tls === null ? {} : { tls: () => tlsOf(tls()) }),
    ...(login === null ? {} : { sasl: saslOf(login) }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
    onState({ state, error }: { readonly state: "connected" | "disconnected"; readonly error?: Error }) {
      const connected = state === "connected";
      const text = connected ? "Kafka is connected" : `Kafka cannot be reached: ${error?.message ?? "no reason given"}`;
      onEvent({ level: connected ? "info" : "warn", name: "kafka", text, fields: { state } });
    },
    onLog({ level, message }: { readonly level: Event["level"]; readonly message: string }) {
      // What matters comes as an error of the port as well; this is for whoever looks closer.
      onEvent({ level: "debug", name: "kafka log", text: `kafkajs ${level}: ${message}` });
    },
  };
}
