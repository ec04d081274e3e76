import type { EmbeddedLog } from "../../adapters/embedded_log/log.ts";
import type { DirectoryLock } from "../../adapters/local/lock.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import type { Configuration } from "../config/configuration.ts";
import type { KafkaConfiguration } from "../config/kafka_variables.ts";
import { openingPart } from "../directory_error.ts";
import { runningAccount } from "../embedded_accounts.ts";
import { ADDRESS, pathsIn } from "../embedded_directory.ts";
import { type Appended, appendRecords, type AppendRequest } from "./append_records.ts";
import { PRODUCE_PATH } from "./produce_route.ts";

/** Without records for so long, the directory is left to others. */
const IDLE_MS = 100;
/** While records come, it is left after so long, for a moment: somebody who waits looks more often. */
const HELD_MS_MAX = 1_000;
const TURN_MS = 60;
/** A start has its ClickHouse to open before it says where it listens. */
const REACH_MS = 30_000;
const REACH_RETRY_MS = 20;
const ANSWER_MS = 5_000;
/** A command that only asks who runs is not worth a line. */
const TOLD_ROUND = 10;

/** Where records are written to. */
export interface Target {
  append(request: AppendRequest): Promise<Appended>;
  close(): Promise<void>;
}

/**
 * The configured brokers; in embedded mode the instance that runs on the data directory, since its log has one writer,
 * or the directory itself, which is made if there is none. That belongs to this process while records come, not while
 * it waits for more, so that an instance may start meanwhile, which then takes the rest.
 */
export async function openTarget(configuration: Configuration): Promise<Target> {
  return configuration.kafka === null
    ? openEmbedded(configuration.dataDirectory)
    : await openBrokers(configuration.kafka);
}

async function openBrokers(kafka: KafkaConfiguration): Promise<Target> {
  const { openKafka } = await import("../../adapters/kafka/kafka_log.ts");
  const { kafkaOptions } = await import("../start/real_world.ts");
  const log = openKafka(kafkaOptions(kafka, () => {}));
  return { append: (request) => appendRecords(log, request), close: () => log.close() };
}

/** The log of a directory of this process alone. */
interface HeldLog {
  readonly log: Pick<EmbeddedLog, "topics" | "createTopic" | "append">;
  readonly sinceMs: number;
  close(): Promise<void>;
}

function openEmbedded(directory: string): Target {
  let held: HeldLog | null = null;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let left = Promise.resolve();
  const leave = () => {
    clearTimeout(idle);
    if (held !== null) left = held.close();
    held = null;
    return left;
  };
  return {
    async append(request) {
      clearTimeout(idle);
      if (held !== null && performance.now() - held.sinceMs > HELD_MS_MAX) {
        await leave();
        await pause(TURN_MS);
      }
      await left;
      const reached = held ?? await reach(directory);
      if ("address" in reached) return await appendThrough(reached, request);
      held = reached;
      const appended = await appendRecords(held.log, request);
      // What cannot be closed is told by the next append, or by the end.
      idle = setTimeout(() => void leave().catch(() => {}), IDLE_MS);
      return appended;
    },
    close: leave,
  };
}

/** An instance that takes records. */
interface Instance {
  readonly directory: string;
  readonly address: string;
  readonly password: string;
}

/** The instance that runs on the directory, or its log; waits for whoever starts there, or has it for a moment. */
async function reach(directory: string): Promise<HeldLog | Instance> {
  const { findRunningProcess, tryDirectory, waitingText } = await import("../../adapters/local/lock.ts");
  const deadlineMs = performance.now() + REACH_MS;
  for (let round = 0;; round++) {
    const owner = await findRunningProcess(directory);
    const address = owner?.addresses[ADDRESS.metrics];
    if (address !== undefined && await answers(address)) {
      return { directory, address, password: (await runningAccount(directory, "writer")).password };
    }
    const lock = owner === undefined ? await tryDirectory(directory) : null;
    if (lock !== null) return await openLog(directory, lock);
    if (performance.now() > deadlineMs) {
      const who = owner === undefined ? "another process" : `process ${owner.pid}`;
      throw new ConfigError([
        `Cannot write into "${directory}": ${who} has it, and does not listen. Try again later`,
      ]);
    }
    if (round === TOLD_ROUND) console.error(waitingText(directory, { owner, waitMs: REACH_MS }));
    await pause(REACH_RETRY_MS);
  }
}

/** Asked before records are sent: of what could not be sent it is known that nothing is written. */
async function answers(address: string): Promise<boolean> {
  try {
    const response = await fetch(`${address}/livez`, { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

async function openLog(directory: string, lock: DirectoryLock): Promise<HeldLog> {
  const { openEmbeddedLog } = await import("../../adapters/embedded_log/log.ts");
  try {
    const log = await openingPart(directory, () => openEmbeddedLog({ path: pathsIn(directory).log }));
    return {
      log,
      sinceMs: performance.now(),
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

/** @throws ProductionError when the instance has ended meanwhile, and nobody knows whether it has written them */
async function appendThrough({ directory, address, password }: Instance, request: AppendRequest): Promise<Appended> {
  try {
    const response = await fetch(`${address}${PRODUCE_PATH}`, {
      method: "POST",
      headers: { authorization: `Bearer ${password}` },
      body: JSON.stringify(request),
    });
    const text = await response.text();
    if (!response.ok) throw new ConfigError([text.trim()]);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = (error as Error).message;
    throw new ProductionError(
      `Cannot write through the instance on "${directory}" (${address}): ${reason}. It may have ended`,
      { retriable: false, cause: error },
    );
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
