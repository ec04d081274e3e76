import type { DirectoryLock, WaitOptions } from "../adapters/local/lock.ts";
import type { EmbeddedClickHouse } from "../adapters/embedded_clickhouse/clickhouse.ts";
import { systemClock } from "../adapters/local/system_clock.ts";
import { retry } from "../ports/retry.ts";
import { ConfigError } from "../record/errors.ts";
import { openingPart } from "./directory_error.ts";
import { type Accounts, openAccounts } from "./embedded_accounts.ts";

/** What a data directory holds. */
export interface DirectoryPaths {
  readonly log: string;
  readonly store: string;
  readonly deadLetters: string;
  readonly clickhouse: string;
  /** Snapshots of tasks, by topology and task. */
  readonly snapshots: string;
  /** Memberships in Kafka's groups, by process. */
  readonly members: string;
  /** When processes began, and how they ended. */
  readonly processes: string;
}

/** Where everything of a data directory is. */
export function pathsIn(directory: string): DirectoryPaths {
  return {
    log: `${directory}/log.db`,
    store: `${directory}/store.db`,
    deadLetters: `${directory}/dlq.db`,
    clickhouse: `${directory}/clickhouse`,
    snapshots: `${directory}/snapshots`,
    members: `${directory}/members`,
    processes: `${directory}/processes`,
  };
}

/** Names under which a running instance tells other commands where it listens. */
export const ADDRESS = {
  console: "console",
  api: "API",
  metrics: "metrics",
  clickhouse: "ClickHouse",
  reader: "read-only",
} as const;

/** A data directory of this process alone, with its ClickHouse running. */
export interface OpenDirectory {
  readonly lock: DirectoryLock;
  readonly clickhouse: EmbeddedClickHouse;
  /** Who may use it. */
  readonly accounts: Accounts;
  close(): Promise<void>;
  /** The same, and the directory is removed if opening it has made it. */
  discard(): Promise<void>;
}

/** After a `kill -9` the ClickHouse of the dead process needs a moment to notice. */
const PREDECESSOR_MS = 10_000;
const RETRY_MS = 200;

/** Commands that write or read need the directory for some seconds at most. */
const OWNER_MS = 10_000;

/**
 * Locks the directory, waiting some seconds for a command that has it, and starts its ClickHouse.
 * @throws ConfigError when another process has the directory, naming it
 */
export async function openDirectory(
  directory: string,
  { onWait = console.error, signal }: Pick<WaitOptions, "onWait" | "signal"> = {},
): Promise<OpenDirectory> {
  const { acquireDirectory } = await import("../adapters/local/lock.ts");
  const lock = await acquireDirectory(directory, { waitMs: OWNER_MS, onWait, signal });
  try {
    const accounts = await openAccounts(directory);
    const clickhouse = await openingPart(
      directory,
      () => startClickHouse(pathsIn(directory).clickhouse, accounts),
    );
    const end = async (leave: () => Promise<void>) => {
      await clickhouse.close();
      await leave();
    };
    return { lock, clickhouse, accounts, close: () => end(lock.release), discard: () => end(lock.discard) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function startClickHouse(path: string, accounts: Accounts): Promise<EmbeddedClickHouse> {
  const { endedFromOutside, startEmbeddedClickHouse } = await import("../adapters/embedded_clickhouse/clickhouse.ts");
  const deadlineMs = Date.now() + PREDECESSOR_MS;
  return await retry(() => startEmbeddedClickHouse({ path, accounts }), {
    clock: systemClock,
    firstMs: RETRY_MS,
    lastMs: RETRY_MS,
    // The directory is ours by its lock, so whoever still has ClickHouse's files is about to end.
    retriable: (error) =>
      error instanceof ConfigError && error.message.includes("Cannot open") && Date.now() <= deadlineMs,
  }).catch((error) => {
    if (endedFromOutside(error)) throw new ConfigError([`${error.message}. Start again`]);
    throw new ConfigError([(error as Error).message], { cause: error });
  });
}
