import { startEmbeddedClickHouse } from "../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
import type { Log } from "../../src/ports/log.ts";
import { stackAddresses, stackDown, stackStatus, stackUp } from "../stack/mod.ts";

/** A fresh log and a fresh ClickHouse. */
export interface Place {
  readonly log: Log;
  readonly clickhouseUrl: string;
  /** ClickHouse runs in a process of its own. */
  readonly clickhousePid: number;
  readonly directory: string;
}

/** A place whose log is a real Kafka. */
export interface KafkaPlace extends Place {
  readonly broker: string;
  readonly brokerPid: number;
}

/** Runs `action` on an embedded log and ClickHouse of their own, and removes them. `limits`: other ones of the log. */
export async function onEmbedded<T>(
  action: (place: Place & { readonly log: EmbeddedLog }) => Promise<T>,
  { limits = {} }: Pick<EmbeddedLogOptions, "limits"> = {},
): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "weir-bench-" });
  const log = openEmbeddedLog({ path: `${directory}/log.db`, limits });
  const clickhouse = await startEmbeddedClickHouse({ path: `${directory}/clickhouse` });
  try {
    return await action({ log, clickhouseUrl: clickhouse.url, clickhousePid: clickhouse.pid, directory });
  } finally {
    await clickhouse.close();
    await log.close();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Where no other stack is. */
const PORT_OFFSET_DEFAULT = 21_000;

/**
 * Runs `action` on a real ZooKeeper and Kafka of their own on this machine, and removes them. `topics`: with those of
 * the store, as they are unless `action` makes its own.
 */
export async function onKafka<T>(
  action: (place: KafkaPlace) => Promise<T>,
  { topics = true }: { readonly topics?: boolean } = {},
): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "weir-bench-" });
  const stack = {
    root: `${directory}/stack`,
    portOffset: Number(Deno.env.get("WEIR_STACK_PORT_OFFSET") ?? PORT_OFFSET_DEFAULT),
  };
  await stackUp({ kafkaOnly: true, topics, onProgress: () => {}, ...stack });
  const broker = stackAddresses(stack).kafka;
  const log = openKafka({ brokers: [broker], clientId: "bench" });
  const clickhouse = await startEmbeddedClickHouse({ path: `${directory}/clickhouse` });
  try {
    const services = (await stackStatus(stack)).services;
    const brokerPid = services.find(({ name }) => name === "kafka")!.pid!;
    return await action({
      log,
      broker,
      brokerPid,
      clickhouseUrl: clickhouse.url,
      clickhousePid: clickhouse.pid,
      directory,
    });
  } finally {
    await clickhouse.close();
    await log.close();
    await stackDown({ wipe: true, ...stack });
    await Deno.remove(directory, { recursive: true });
  }
}
