import { ConfigError } from "../../record/errors.ts";
import { runningAddresses } from "../clickhouse_client.ts";
import type { Configuration, KafkaConfiguration } from "../config/configuration.ts";
import { openingPart } from "../directory_error.ts";
import { runningAccount } from "../embedded_accounts.ts";
import { ADDRESS, pathsIn } from "../embedded_directory.ts";
import { type Appended, appendRecords, type AppendRequest } from "./append_records.ts";
import { PRODUCE_PATH } from "./produce_route.ts";

/** Where records are written to. */
export interface Target {
  append(request: AppendRequest): Promise<Appended>;
  close(): Promise<void>;
}

/**
 * The configured brokers; in embedded mode the instance that runs on the data directory, since its log has one writer,
 * or the directory itself, which is made if there is none and is this process's alone until {@link Target.close}.
 * @throws ConfigError when another command has the directory
 */
export async function openTarget(configuration: Configuration): Promise<Target> {
  if (configuration.kafka !== null) return await openBrokers(configuration.kafka);
  const running = await runningAddresses(configuration.dataDirectory);
  return running === null
    ? await openEmbedded(configuration.dataDirectory)
    : await openInstance(configuration.dataDirectory, running[ADDRESS.metrics]);
}

async function openBrokers(kafka: KafkaConfiguration): Promise<Target> {
  const { openKafka } = await import("../../adapters/kafka/kafka_log.ts");
  const { kafkaOptions } = await import("../start/real_world.ts");
  const log = openKafka(kafkaOptions(kafka, () => {}));
  return { append: (request) => appendRecords(log, request), close: () => log.close() };
}

async function openEmbedded(directory: string): Promise<Target> {
  const { acquireDirectory } = await import("../../adapters/local/lock.ts");
  const { openEmbeddedLog } = await import("../../adapters/embedded_log/log.ts");
  const lock = await acquireDirectory(directory);
  try {
    const log = await openingPart(directory, () => openEmbeddedLog({ path: pathsIn(directory).log }));
    return {
      append: (request) => appendRecords(log, request),
      async close() {
        try {
          await log.close();
        } finally {
          await lock.release();
        }
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openInstance(directory: string, address: string): Promise<Target> {
  const { password } = await runningAccount(directory, "writer");
  return {
    async append(request) {
      const response = await fetch(`${address}${PRODUCE_PATH}`, {
        method: "POST",
        headers: { authorization: `Bearer ${password}` },
        body: JSON.stringify(request),
      }).catch((error) => {
        throw new ConfigError([
          `Cannot write through the instance on "${directory}" (${address}): ${(error as Error).message}. If it has ` +
          "ended, try again",
        ], { cause: error });
      });
      const text = await response.text();
      if (!response.ok) throw new ConfigError([text.trim()]);
      return JSON.parse(text);
    },
    close: () => Promise.resolve(),
  };
}
