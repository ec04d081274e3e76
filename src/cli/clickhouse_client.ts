import { Buffer } from "node:buffer";
import type { ConnectionOptions } from "../adapters/clickhouse/open_clickhouse.ts";
import { ConfigError } from "../record/errors.ts";
import type { Configuration } from "./config/configuration.ts";
import { dataArgument } from "./data_option.ts";
import { type Account, type Role, runningAccount } from "./embedded_accounts.ts";
import { ADDRESS, openDirectory } from "./embedded_directory.ts";

const ADDRESS_WAIT_MS = 30_000;
const ADDRESS_RETRY_MS = 100;
const EMBEDDED_SILENCE_MS = 3_600_000;

/** Options of the configured ClickHouse server. */
export function serverOptions(configuration: Configuration): ConnectionOptions {
  const { urls: [url, ...others], user, password, token, cluster, ca, client } = configuration.clickhouse!;
  return {
    url,
    ...(others.length === 0 ? {} : { others }),
    ...(token === null ? {} : { token: () => token().reveal() }),
    ...(cluster === null ? {} : { cluster }),
    database: configuration.database,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    ...(ca === null ? {} : {
      tls: {
        caCert: Buffer.from(ca),
        ...(client === null ? {} : { cert: Buffer.from(client.certificate), key: Buffer.from(client.key.reveal()) }),
      },
    }),
  };
}

/** How a command reaches ClickHouse. */
export interface ReachedClickHouse {
  readonly options: ConnectionOptions;
  /** Address of the instance that runs on the data directory; null if none does, or if ClickHouse is a server. */
  readonly instance: string | null;
}

/**
 * Runs `use` with the configured ClickHouse server; in embedded mode with that of the instance that runs on the data
 * directory, or with one that is started for as long as it takes.
 * @throws ConfigError when there is no data directory
 */
export async function withClickHouse<T>(
  { configuration, access }: { readonly configuration: Configuration; readonly access: Role },
  use: (reached: ReachedClickHouse) => Promise<T>,
): Promise<T> {
  if (configuration.clickhouse !== null) return await use({ options: serverOptions(configuration), instance: null });
  const { dataDirectory, database } = configuration;
  requireDirectory(dataDirectory);
  const running = await runningAddresses(dataDirectory);
  if (running !== null) {
    return await use({
      options: {
        url: running[access === "reader" ? ADDRESS.reader : ADDRESS.clickhouse],
        database,
        ...embeddedLogin(await runningAccount(dataDirectory, access)),
      },
      instance: running[ADDRESS.metrics] ?? null,
    });
  }
  const directory = await openDirectory(dataDirectory);
  try {
    const { clickhouse, accounts } = directory;
    return await use({
      options: {
        url: access === "reader" ? clickhouse.readerUrl : clickhouse.url,
        database,
        ...embeddedLogin(accounts[access]),
      },
      instance: null,
    });
  } finally {
    await directory.close();
  }
}

/**
 * How the embedded ClickHouse is reached with an account. It cannot tell how far a query is before its first row, and
 * it need not: when its process ends the connection closes at once, so that silence means work.
 */
export function embeddedLogin({ user, password }: Account): EmbeddedLogin {
  return { username: user, password, requestTimeoutMs: EMBEDDED_SILENCE_MS };
}

interface EmbeddedLogin {
  readonly username: string;
  readonly password: string;
  readonly requestTimeoutMs: number;
}

/** @throws ConfigError when nothing was ever started on the directory */
function requireDirectory(directory: string): void {
  try {
    if (Deno.statSync(directory).isDirectory) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new ConfigError([
    `Cannot open "${directory}" as a data directory: there is none. Make one with: deno task start` +
    dataArgument(directory),
  ]);
}

/** Where the instance on the directory listens, waiting for one that is just starting; null if none runs. */
export async function runningAddresses(directory: string): Promise<Readonly<Record<string, string>> | null> {
  const { findRunningProcess } = await import("../adapters/local/lock.ts");
  for (const deadlineMs = Date.now() + ADDRESS_WAIT_MS;;) {
    const running = await findRunningProcess(directory);
    if (running === undefined) return null;
    if (running.addresses[ADDRESS.reader] !== undefined) return running.addresses;
    if (Date.now() > deadlineMs) {
      throw new ConfigError([
        `Cannot reach the instance on "${directory}" (process ${running.pid}): it has not said where it listens. ` +
        `Try again later`,
      ]);
    }
    await new Promise((resolve) => setTimeout(resolve, ADDRESS_RETRY_MS));
  }
}
