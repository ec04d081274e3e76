import type { Readable } from "node:stream";
import { Readable as NodeReadable } from "node:stream";
import { Buffer } from "node:buffer";
import { ClickHouseError, ClickHouseLogLevel, type ClickHouseSettings, createClient } from "@clickhouse/client";
import { ProductionError } from "../../record/errors.ts";
import { productionError } from "./production_error.ts";
import { literal } from "./table_sql.ts";

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
  /**
   * True: nothing can be written, and no setting is sent, as the server may refuse them to a user who only reads.
   * Questions of whoever uses the connection are asked so; they must answer within the time above.
   */
  readonly readOnly?: true;
  /** Sockets at a time; 10 if absent. */
  readonly connectionsMax?: number;
  /**
   * Compresses requests and answers with gzip: for slow networks; within one data centre it costs more than it saves.
   */
  readonly compression?: boolean;
  /** What a person does to run a statement that a message names; the statement itself if absent. */
  readonly advise?: (statement: string) => string;
}

/**
 * The client behind names of our own: every failure is a ProductionError, and nothing that is secret is in its message.
 */
export interface Connection {
  command(action: string, sql: string, options?: { readonly settings: ClickHouseSettings }): Promise<void>;
  /** Rows as objects; 64-bit integers and decimals, these with all digits of their scale, as strings. */
  select(
    action: string,
    sql: string,
    options?: { readonly settings: ClickHouseSettings },
  ): Promise<Record<string, unknown>[]>;
  /** Sends the body in the format that the statement names; returns how many rows ClickHouse says it has written. */
  insert(
    action: string,
    rows: { readonly statement: string; readonly body: Uint8Array; readonly settings?: ClickHouseSettings },
  ): Promise<number>;
  /**
   * The answer's bytes, in the format that the statement names. They begin when ClickHouse has the whole answer, so
   * that half an answer is never taken for a whole one. Whoever stops reading early ends the query, too.
   */
  bytes(
    action: string,
    sql: string,
    options?: { readonly settings: ClickHouseSettings },
  ): AsyncIterable<Uint8Array>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A database, and the connection through which it is used. */
export interface ConnectedDatabase {
  readonly connection: Connection;
  readonly database: string;
  /** As in {@link ConnectionOptions}. */
  readonly advise?: (statement: string) => string;
}

const REQUEST_TIMEOUT_MS = 120_000;

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
  input_format_json_named_tuples_as_objects: 1,
  // In a column of JSON a text stays a text, and a truth value beside numbers one.
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  input_format_json_try_infer_numbers_from_strings: 0,
  input_format_json_read_bools_as_numbers: 0,
  date_time_input_format: "best_effort",
  // Parsing in parallel would make a block of every piece, and of a bad row's batch only the pieces before it would be
  // stored.
  input_format_parallel_parsing: 0,
  max_insert_block_size: "1048576",
};

/** A sign of life of ClickHouse is about 250 bytes of headers. */
const PROGRESS_EVERY_MS = 30_000;
/** Four thousand signs of life, a day and a half. Without it 16 KB are allowed: half an hour. */
const HEADERS_BYTES_MAX = 2 ** 20;
/** How long a query that nobody waits for any more is asked to end. */
const KILL_MS = 10_000;

/** How values are written where their reader tells integers from texts, also within JSON: all digits, unquoted. */
export const BARE_INTEGERS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_decimals: 1,
  output_format_decimal_trailing_zeros: 1,
};

const READ_SETTINGS: ClickHouseSettings = { ...BARE_INTEGERS, output_format_json_quote_64bit_integers: 1 };

/** `database` is where unqualified names are looked up; it need not exist if there are none. */
export function connect(options: ConnectionOptions, database?: string): Connection {
  const client = openClient(options, database);
  const kills = new Set<Promise<void>>();
  const reading = readSettings(options);

  /** Ends a query whose answer nobody reads any more; otherwise it would go on beside its own repetition. */
  function kill(queryId: string): void {
    const query = `KILL QUERY WHERE query_id = ${literal(queryId)} ASYNC`;
    const killed = client.command({ query, abort_signal: AbortSignal.timeout(KILL_MS) }).then(
      () => {},
      // It has ended, or ends when ClickHouse notices that the client is gone.
      () => {},
    ).finally(() => kills.delete(killed));
    kills.add(killed);
  }

  return {
    command: (action, query, options) =>
      attempt(action, async () => void await client.command({ query, clickhouse_settings: options?.settings })),
    select: (action, query, options) =>
      attempt(action, async () => {
        const query_id = crypto.randomUUID();
        try {
          const result = await client.query({
            query,
            query_id,
            format: "JSONEachRow",
            clickhouse_settings: { ...reading, ...READ_SETTINGS, ...options?.settings, wait_end_of_query: 1 },
          });
          return await result.json<Record<string, unknown>>();
        } catch (error) {
          if (!(error instanceof ClickHouseError)) kill(query_id);
          throw error;
        }
      }),
    insert: (action, { statement: query, body, settings }) =>
      attempt(action, async () => {
        const values = NodeReadable.from([body], { objectMode: false });
        const { stream, summary } = await client.exec({
          query,
          values,
          clickhouse_settings: { ...INSERT_SETTINGS, ...settings },
        });
        await drain(stream);
        if (summary === undefined) {
          throw new ProductionError(
            `Cannot ${action}: the answer has no X-ClickHouse-Summary. Let proxies pass it on`,
            { retriable: true, reason: "setup" },
          );
        }
        return Number(summary.written_rows);
      }),
    bytes: (action, query, options) => {
      const query_id = crypto.randomUUID();
      const clickhouse_settings = { ...reading, ...options?.settings, wait_end_of_query: 1 as const };
      const open = () => client.exec({ query, query_id, clickhouse_settings });
      return readBytes(action, { open, abandon: () => kill(query_id) });
    },
    ping: () =>
      attempt("reach ClickHouse", async () => {
        const result = await client.ping();
        if (!result.success) throw result.error;
      }),
    close: async () => {
      await Promise.all(kills);
      await client.close();
    },
  };
}

/**
 * How a read keeps its connection, however long it takes: ClickHouse sends a header now and then until the answer is
 * complete, each of which is a byte that the time limit waits for. A read whose client is gone ends; ClickHouse looks
 * for that only if nothing can be written (2: settings may be given).
 */
function readSettings({ readOnly, requestTimeoutMs = REQUEST_TIMEOUT_MS }: ConnectionOptions): ClickHouseSettings {
  if (readOnly) return { readonly: "1" };
  return {
    readonly: "2",
    send_progress_in_http_headers: 1,
    http_headers_progress_interval_ms: String(Math.min(PROGRESS_EVERY_MS, Math.ceil(requestTimeoutMs / 4))),
    cancel_http_readonly_queries_on_client_close: 1,
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
    request_timeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    max_response_headers_size: HEADERS_BYTES_MAX,
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

async function* readBytes(
  action: string,
  { open, abandon }: { open: () => Promise<{ stream: Readable }>; abandon: () => void },
): AsyncIterable<Uint8Array> {
  let stream: Readable | null = null;
  let ended = false;
  try {
    ({ stream } = await open());
    for await (const chunk of stream) yield chunk;
    ended = true;
  } catch (error) {
    ended = error instanceof ClickHouseError;
    throw productionError(action, error);
  } finally {
    stream?.destroy();
    if (!ended) abandon();
  }
}
