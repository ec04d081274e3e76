import type { Readable } from "node:stream";
import { Readable as NodeReadable } from "node:stream";
import { Buffer } from "node:buffer";
import { ClickHouseLogLevel, type ClickHouseSettings, createClient } from "@clickhouse/client";
import { ProductionError } from "../../record/errors.ts";
import { productionError } from "./production_error.ts";

export interface ConnectionOptions {
  /** Address of the HTTP interface; a user and a password in it are taken, unless given beside it. */
  readonly url: string;
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificates in PEM, for https. */
  readonly tls?: { readonly caCert: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array };
  /** Milliseconds without a byte until a request counts as lost; 120,000 if absent. */
  readonly requestTimeoutMs?: number;
  /** Sockets at a time; 10 if absent. */
  readonly connectionsMax?: number;
  /**
   * Compresses requests and answers with gzip: for slow networks; within one data centre it costs more than it saves.
   */
  readonly compression?: boolean;
}

/**
 * The client behind names of our own: every failure is a ProductionError, and nothing that is secret is in its message.
 */
export interface Connection {
  command(action: string, sql: string): Promise<void>;
  /** Rows as objects; 64-bit integers and decimals, these with all digits of their scale, as strings. */
  select(
    action: string,
    sql: string,
    options?: { readonly settings: ClickHouseSettings },
  ): Promise<Record<string, unknown>[]>;
  /** Sends the body in the format that the statement names; returns how many rows ClickHouse says it has written. */
  insert(action: string, rows: { readonly statement: string; readonly body: Uint8Array }): Promise<number>;
  /** The answer's bytes, in the format that the statement names. */
  bytes(action: string, sql: string): AsyncIterable<Uint8Array>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A database, and the connection through which it is used. */
export interface ConnectedDatabase {
  readonly connection: Connection;
  readonly database: string;
}

/** How rows are read by an INSERT: exactly, in one block, and acknowledged when they are there. */
const INSERT_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  wait_end_of_query: 1,
  // A value that is of another type than its column is a mistake of ours that must not be smoothed over.
  input_format_null_as_default: 0,
  input_format_skip_unknown_fields: 0,
  input_format_json_read_numbers_as_strings: 0,
  input_format_json_read_bools_as_strings: 0,
  input_format_json_read_arrays_as_strings: 0,
  input_format_json_read_objects_as_strings: 0,
  date_time_input_format: "best_effort",
  // Parsing in parallel would make a block of every piece, and of a bad row's batch only the pieces before it would be
  // stored.
  input_format_parallel_parsing: 0,
  max_insert_block_size: "1048576",
};

const READ_SETTINGS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  output_format_decimal_trailing_zeros: 1,
};

/** `database` is where unqualified names are looked up; it need not exist if there are none. */
export function connect(options: ConnectionOptions, database?: string): Connection {
  const client = openClient(options, database);
  return {
    command: (action, query) => attempt(action, async () => void await client.command({ query })),
    select: (action, query, options) =>
      attempt(action, async () => {
        const result = await client.query({
          query,
          format: "JSONEachRow",
          clickhouse_settings: { ...READ_SETTINGS, ...options?.settings },
        });
        return await result.json<Record<string, unknown>>();
      }),
    insert: (action, { statement: query, body }) =>
      attempt(action, async () => {
        const values = NodeReadable.from([body], { objectMode: false });
        const { stream, summary } = await client.exec({ query, values, clickhouse_settings: INSERT_SETTINGS });
        await drain(stream);
        if (summary === undefined) {
          throw new ProductionError(
            `Cannot ${action}: the answer has no X-ClickHouse-Summary. Let proxies pass it on`,
            { retriable: true, reason: "setup" },
          );
        }
        return Number(summary.written_rows);
      }),
    bytes: (action, query) =>
      readBytes(action, () => client.exec({ query, clickhouse_settings: { wait_end_of_query: 1 } })),
    ping: () =>
      attempt("reach ClickHouse", async () => {
        const result = await client.ping();
        if (!result.success) throw result.error;
      }),
    close: () => client.close(),
  };
}

function openClient(options: ConnectionOptions, database: string | undefined): ReturnType<typeof createClient> {
  const url = new URL(options.url);
  const username = options.username ?? (decodeURIComponent(url.username) || "default");
  const password = options.password ?? decodeURIComponent(url.password);
  url.username = url.password = "";
  const compression = options.compression ?? false;
  const { caCert, cert, key } = options.tls ?? {};
  return createClient({
    url,
    username,
    password,
    ...(database === undefined ? {} : { database }),
    ...(caCert === undefined ? {} : {
      tls: cert !== undefined && key !== undefined
        ? { ca_cert: Buffer.from(caCert), cert: Buffer.from(cert), key: Buffer.from(key) }
        : { ca_cert: Buffer.from(caCert) },
    }),
    application: "weir",
    request_timeout: options.requestTimeoutMs ?? 120_000,
    max_open_connections: options.connectionsMax ?? 10,
    // On a connection that is used again, Deno repeats a request by itself when the server goes away, without its body:
    // such an insert would hang until its time is over, and one that was given up would be sent again. New connections
    // cost less than a millisecond.
    keep_alive: { enabled: false },
    compression: { request: compression, response: compression },
    // What goes wrong is thrown; the client's own log would repeat statements.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

async function attempt<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw productionError(action, error);
  }
}

async function drain(stream: Readable): Promise<void> {
  for await (const _ of stream);
}

async function* readBytes(action: string, open: () => Promise<{ stream: Readable }>): AsyncIterable<Uint8Array> {
  let stream: Readable | null = null;
  try {
    ({ stream } = await open());
    for await (const chunk of stream) yield chunk;
  } catch (error) {
    throw productionError(action, error);
  } finally {
    stream?.destroy();
  }
}
