import { ConfigError } from "../../record/errors.ts";
import type { KafkaConfiguration } from "../config/kafka_variables.ts";
import type { RegistryConfiguration } from "../config/registry_variables.ts";
import { newestRecords } from "./newest_records.ts";
import type { Pulled, PulledTable, RefusedTable } from "./pulled_table.ts";
import { shownTable } from "./shown_table.ts";

/** Which topics are looked at, and how far. */
export interface TopicPull {
  /** Empty: all that begin with the prefix. */
  readonly topics: readonly string[];
  readonly prefix?: string;
  /** The newest records of each. */
  readonly records: number;
}

/** Topics that are never a table of Debezium's: heartbeats, transactions, Connect's and Weir's own. */
const OTHERS = /^(__|_|connect[-_]|weir[.-])|\.transaction$/;

/**
 * Tables as the newest records of their topics show them: exactly where these have a schema attached, else as far as
 * values tell; of those written through a schema registry as that has it. Commits nothing, and joins no group.
 * @throws ConfigError if there is no such topic @throws ProductionError
 */
export async function topicTables(
  { kafka, registry }: { readonly kafka: KafkaConfiguration; readonly registry: RegistryConfiguration | null },
  pull: TopicPull,
): Promise<Pulled> {
  const { openKafka } = await import("../../adapters/kafka/kafka_log.ts");
  const { inspectKafka } = await import("../../adapters/kafka/inspect_kafka.ts");
  const { kafkaOptions } = await import("../start/real_world.ts");
  const { configuredRegistry } = await import("../start/schema_registry.ts");
  const { registryTable } = await import("./registry_table.ts");
  const options = kafkaOptions(kafka, () => {});
  const log = openKafka(options);
  const inspector = inspectKafka(options);
  const schemas = registry === null ? null : configuredRegistry(registry);
  try {
    const names = chosenTopics(await inspector.topicNames(), { ...pull, where: kafka.brokers.join(",") });
    const tables: (PulledTable | RefusedTable)[] = [];
    for (const topic of names) {
      const records = await newestRecords(log, { topic, most: pull.records });
      tables.push(await registryTable(schemas, { topic, records }) ?? shownTable(topic, records));
    }
    return {
      from: `Kafka ${kafka.brokers.join(",")}`,
      whole: pull.topics.length === 0,
      tables: tables.filter((table) => "topic" in table),
      refused: tables.filter((table) => "why" in table),
      notes: [],
    };
  } finally {
    schemas?.close();
    await inspector.close();
    await log.close();
  }
}

function chosenTopics(all: readonly string[], { topics, prefix, where }: TopicPull & { where: string }): string[] {
  const missing = topics.filter((name) => !all.includes(name));
  if (missing.length > 0) {
    throw new ConfigError(
      missing.map((name) =>
        `Cannot find topic "${name}" on ${where}, or it may not be seen from here: there are ${
          all.join(", ") || "none"
        }`
      ),
    );
  }
  if (topics.length > 0) return [...topics];
  // A topic of Debezium's is <prefix>.<schema>.<table>.
  const found = all.filter((name) =>
    !OTHERS.test(name) && (prefix === undefined ? name.split(".").length >= 3 : name.startsWith(`${prefix}.`))
  );
  if (found.length > 0) return found;
  throw new ConfigError([
    `Cannot find a topic ${prefix === undefined ? "of three parts" : `of prefix "${prefix}"`} on ${where}: there are ${
      all.join(", ") || "none"
    }. Name topics with --tables`,
  ]);
}
