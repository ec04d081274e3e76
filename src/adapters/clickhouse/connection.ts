import type { Readable } from "node:stream";
import { Readable as NodeReadable } from "node:stream";
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings } from "@clickhouse/client";
import { ProductionError } from "../../record/errors.ts";
import { openClient } from "./client.ts";
import { type ClusterOptions, EVERY_REPLICA, QUORUM, SEQUENTIAL } from "./cluster.ts";
import type { ConnectionOptions } from "./connection_options.ts";
import { type Endpoints, endpointsOf } from "./endpoints.ts";
import { productionError } from "./production_error.ts";
import { literal } from "./table_sql.ts";

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
   * that half an answer is never taken for a whole one. Whoever stops reading early, or aborts `signal`, ends the
   * query, too.
   */
  bytes(
    action: string,
    sql: string,
    options?: { readonly settings?: ClickHouseSettings; readonly signal?: AbortSignal },
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
  readonly cluster?: ClusterOptions;
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
/** How long a query that nobody waits for any more is asked to end. */
const KILL_MS = 10_000;

/** How values are written where their reader tells integers from texts, also within JSON: all digits, unquoted. */
export const BARE_INTEGERS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_decimals: 1,
  output_format_decimal_trailing_zeros: 1,
};

const READ_SETTINGS: ClickHouseSettings = { ...BARE_INTEGERS, output_format_json_quote_64bit_integers: 1 };

/** What calls of a connection have in common. */
interface Calls {
  readonly options: ConnectionOptions;
  readonly endpoints: Endpoints<ClickHouseClient>;
  /** Who asks, beside what the client knows. */
  readonly auth: () => { readonly auth?: { readonly access_token: string } };
  /** Ends a query whose answer nobody reads any more; otherwise it would go on beside its own repetition. */
  readonly kill: (client: ClickHouseClient, queryId: string) => void;
}

/** `database` is where unqualified names are looked up; it need not exist if there are none. */
export function connect(options: ConnectionOptions, database?: string): Connection {
  const clients = [options.url, ...options.others ?? []].map((url) => ({
    url: new URL(url).origin,
    client: openClient(options, { url, database, timeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS }),
  }));
  const kills = new Set<Promise<void>>();
  const auth = () => options.token === undefined ? {} : { auth: { access_token: options.token() } };
  const endpoints = endpointsOf(clients, {
    cluster: options.cluster,
    ask: async (client, query) => {
      const clickhouse_settings = readSettings(options);
      const result = await client.query({ query, ...auth(), format: "JSONEachRow", clickhouse_settings });
      return await result.json<Record<string, unknown>>();
    },
  });
  function kill(client: ClickHouseClient, queryId: string): void {
    const query = `KILL QUERY WHERE query_id = ${literal(queryId)} ASYNC`;
    const killed = client.command({ query, ...auth(), abort_signal: AbortSignal.timeout(KILL_MS) }).then(
      () => {},
      // It has ended, or ends when ClickHouse notices that the client is gone.
      () => {},
    ).finally(() => kills.delete(killed));
    kills.add(killed);
  }
  const calls = { options, endpoints, auth, kill };
  return {
    ...readingCalls(calls),
    ...writingCalls(calls),
    close: async () => {
      await Promise.all(kills);
      await Promise.all(clients.map(({ client }) => client.close()));
    },
  };
}

function readingCalls({ options, endpoints, auth, kill }: Calls): Pick<Connection, "select" | "bytes" | "ping"> {
  const reading = readSettings(options);
  return {
    select: (action, query, options) =>
      attempt(action, () =>
        endpoints.use("repeatable", async (client) => {
          const query_id = crypto.randomUUID();
          const clickhouse_settings = {
            ...reading,
            ...READ_SETTINGS,
            ...options?.settings,
            wait_end_of_query: 1 as const,
          };
          try {
            const question = { query, query_id, ...auth(), clickhouse_settings };
            const result = await client.query({ ...question, format: "JSONEachRow" });
            return await result.json<Record<string, unknown>>();
          } catch (error) {
            if (!(error instanceof ClickHouseError)) kill(client, query_id);
            throw error;
          }
        })),
    bytes: (action, query, options) => {
      const query_id = crypto.randomUUID();
      const clickhouse_settings = { ...reading, ...options?.settings, wait_end_of_query: 1 as const };
      let asked: ClickHouseClient | null = null;
      const open = () =>
        endpoints.use("repeatable", (client) => {
          asked = client;
          return client.exec({ query, query_id, ...auth(), clickhouse_settings, abort_signal: options?.signal });
        });
      return readBytes(action, { open, abandon: () => asked !== null && kill(asked, query_id) });
    },
    ping: () =>
      attempt("reach ClickHouse", () =>
        endpoints.use("repeatable", async (client) => {
          const result = await client.ping();
          if (!result.success) throw result.error;
        })),
  };
}

function writingCalls({ options: { cluster }, endpoints, auth }: Calls): Pick<Connection, "command" | "insert"> {
  const everywhere = cluster === undefined ? {} : EVERY_REPLICA;
  const writing = { ...INSERT_SETTINGS, ...cluster === undefined ? {} : QUORUM };
  return {
    command: (action, query, options) =>
      attempt(action, () =>
        endpoints.use("once", async (client) => {
          await client.command({ query, ...auth(), clickhouse_settings: { ...everywhere, ...options?.settings } });
        })),
    insert: (action, { statement: query, body, settings }) =>
      attempt(action, () =>
        endpoints.use("once", async (client) => {
          const values = NodeReadable.from([body], { objectMode: false });
          const clickhouse_settings = { ...writing, ...settings };
          const { stream, summary } = await client.exec({ query, values, ...auth(), clickhouse_settings });
          await drain(stream);
          if (summary !== undefined) return Number(summary.written_rows);
          const message = `Cannot ${action}: the answer has no X-ClickHouse-Summary. Let proxies pass it on`;
          throw new ProductionError(message, { retriable: true, reason: "setup" });
        })),
  };
}

/**
 * How a read keeps its connection, however long it takes: ClickHouse sends a header now and then until the answer is
 * complete, each of which is a byte that the time limit waits for. A read whose client is gone ends; ClickHouse looks
 * for that only if nothing can be written (2: settings may be given).
 */
function readSettings(
  { readOnly, cluster, requestTimeoutMs = REQUEST_TIMEOUT_MS }: ConnectionOptions,
): ClickHouseSettings {
  if (readOnly) return { readonly: "1" };
  return {
    ...cluster === undefined ? {} : SEQUENTIAL,
    readonly: "2",
    send_progress_in_http_headers: 1,
    http_headers_progress_interval_ms: String(Math.min(PROGRESS_EVERY_MS, Math.ceil(requestTimeoutMs / 4))),
    cancel_http_readonly_queries_on_client_close: 1,
  };
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
  { open, abandon }: { open: () => Promise<{ stream: Readable }>; abandon: () => unknown },
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
