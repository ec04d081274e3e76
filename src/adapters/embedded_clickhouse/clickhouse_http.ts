import { createHash, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Engine } from "./clickhouse_engine.ts";
import type { Environment, Outcome } from "./environment.ts";
import { Exception, exceptionOf, exceptionText, statusOf } from "./clickhouse_exception.ts";
import { type Asked, type Hold, readAsked } from "./clickhouse_request.ts";
import { isRead, type Statement } from "./clickhouse_statement.ts";
import { executeAsked } from "./execute_asked.ts";
import { places } from "./places.ts";
import { readingGuard } from "./reading_guard.ts";
import { readingSettings } from "./reading_settings.ts";

export interface HttpLimits {
  /** SELECTs under way at a time, and as many other statements beside them; the others wait. */
  readonly statementsMax: number;
  /** Statements waiting; one more is refused with code 202. */
  readonly waitingMax: number;
  /** Bytes of one request's body, decompressed; a larger one is refused with code 229. */
  readonly bodyBytesMax: number;
  /** Bytes of all bodies in memory; beyond it requests are refused with code 241. */
  readonly bodiesBytesMax: number;
  /** Seconds a statement on the read-only address may take. */
  readonly readSecondsMax: number;
}

/** So long after its time a statement on the read-only address is given up, if ClickHouse has not ended it. */
const LATE_SECONDS = 1;

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  statementsMax: 6,
  waitingMax: 256,
  bodyBytesMax: 128 * 2 ** 20,
  bodiesBytesMax: 256 * 2 ** 20,
  readSecondsMax: 60,
};

interface Account {
  readonly user: string;
  readonly password: string;
}

/** `writer` may use both addresses, `reader` the read-only one. */
export interface Accounts {
  readonly writer: Account;
  readonly reader: Account;
}

export interface HttpOptions {
  readonly engine: Engine;
  readonly limits: HttpLimits;
  /** Who is answered; everybody if null. `/ping` needs no account. */
  readonly accounts: Accounts | null;
}

/** `reader`: nothing can be written, whatever the request says. */
export type Handler = (request: Request, access: "writer" | "reader") => Promise<Response>;

/**
 * ClickHouse's HTTP interface over an engine in this process. Statements run side by side, so a long SELECT delays an
 * INSERT only by the processor time that it takes; a client that goes away ends its statement if that only reads,
 * every other one runs to its end.
 *
 * No progress is told in headers, as the server of this runtime sends all headers at once: a client on this machine
 * sees the end of the process by its closed connection, and may wait as long as a query takes.
 */
export function clickhouseHandler({ engine, limits, accounts }: HttpOptions): Handler {
  // Slow readers of long answers must not keep inserts waiting.
  const reads = places(limits);
  const writes = places(limits);
  const guard = readingGuard(engine);
  const bodies = heldBodies(limits);

  async function run(request: Request, access: "writer" | "reader", hold: Hold): Promise<Response> {
    if (accounts !== null) {
      authenticate(request, access === "reader" ? [accounts.reader, accounts.writer] : [accounts.writer]);
    }
    const asked = await readAsked(request, hold);
    if (asked.statement === null || request.method === "HEAD") return new Response("Ok.\n");
    const { statement, nativeRevision } = asked;
    const settings = access === "reader" ? readerSettings(statement, asked.environment, limits) : null;
    const leave = await (isRead(statement) ? reads : writes).enter();
    const { environment, over } = settings === null
      ? { environment: asked.environment, over: () => {} }
      : readerEnvironment(asked.environment, settings);
    const ended = () => {
      over();
      leave();
    };
    const startedMs = performance.now();
    let streaming = false;
    try {
      if (settings !== null) await guard.check(statement.sql, environment);
      const outcome = await executeAsked(engine, { statement, environment, nativeRevision });
      streaming = outcome.kind === "stream";
      return respond(outcome, asked, { elapsedMs: performance.now() - startedMs, ended });
    } finally {
      if (!streaming) ended();
      if (!isRead(statement) && statement.keyword !== "INSERT") guard.definitionsChanged(statement.sql);
    }
  }

  async function handle(request: Request, access: "writer" | "reader"): Promise<Response> {
    const body = bodies.begin();
    const queryId = new URL(request.url).searchParams.get("query_id") ?? crypto.randomUUID();
    let response: Response;
    try {
      refuseForeignPages(request);
      const { pathname } = new URL(request.url);
      if (pathname === "/ping" || pathname === "/replicas_status") response = new Response("Ok.\n");
      else if (!["GET", "HEAD", "POST"].includes(request.method)) response = new Response(null, { status: 405 });
      else if (pathname === "/") response = await run(request, access, body.hold);
      else response = new Response(`There is no handle ${pathname}\n`, { status: 404 });
    } catch (error) {
      response = failure(exceptionOf(error), engine.version);
    } finally {
      body.release();
    }
    response.headers.set("x-clickhouse-query-id", queryId);
    response.headers.set("x-clickhouse-server-display-name", "embedded");
    response.headers.set("x-clickhouse-timezone", engine.timezone);
    return response;
  }

  return handle;
}

/** Bytes of bodies in memory. `hold` throws Exception 229 (QUERY_IS_TOO_LARGE) or 241 (MEMORY_LIMIT_EXCEEDED). */
function heldBodies({ bodyBytesMax, bodiesBytesMax }: HttpLimits) {
  let heldBytes = 0;
  const begin = (): { readonly hold: Hold; readonly release: () => void } => {
    let bodyBytes = 0;
    const hold = (bytes: number) => {
      bodyBytes += bytes;
      heldBytes += bytes;
      if (bodyBytes > bodyBytesMax) {
        const message = `The request's body is larger than ${bodyBytesMax} bytes`;
        throw new Exception({ code: 229, codeName: "QUERY_IS_TOO_LARGE" }, message);
      }
      if (heldBytes > bodiesBytesMax) {
        const message = `Request bodies of more than ${bodiesBytesMax} bytes at a time`;
        throw new Exception({ code: 241, codeName: "MEMORY_LIMIT_EXCEEDED" }, message);
      }
    };
    return { hold, release: () => void (heldBytes -= bodyBytes) };
  };
  return { begin };
}

/** Settings of a request on the read-only address, whatever it asks for. @throws Exception 164 (READONLY) */
function readerSettings({ keyword }: Statement, { settings }: Environment, { readSecondsMax }: HttpLimits) {
  if (isRead({ keyword })) return readingSettings(settings, readSecondsMax);
  throw new Exception({ code: 164, codeName: "READONLY" }, `Cannot execute ${keyword} in readonly mode`);
}

/** What such a request may do, until its time is over; `over` is to be called when it has been answered before. */
function readerEnvironment(
  environment: Environment,
  settings: ReadonlyMap<string, string>,
): { readonly environment: Environment; readonly over: () => void } {
  const late = new AbortController();
  // ClickHouse looks at its own limit between blocks, and not within a function.
  const seconds = Number(settings.get("max_execution_time")) + LATE_SECONDS;
  const timer = setTimeout(() => {
    const message = `Timeout exceeded: elapsed ${seconds} s`;
    late.abort(new Exception({ code: 159, codeName: "TIMEOUT_EXCEEDED" }, message));
  }, seconds * 1_000);
  const gone = AbortSignal.any([environment.gone, late.signal]);
  return {
    environment: { ...environment, settings, readonly: 1, rights: "reading", gone },
    over: () => clearTimeout(timer),
  };
}

/**
 * A page in a browser must not reach a server of this machine, with or without a password: neither by a form nor by a
 * name that resolves to us.
 */
function refuseForeignPages(request: Request): void {
  const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
  const origin = request.headers.get("origin");
  const foreign = request.headers.get("sec-fetch-site") === "cross-site" ||
    (origin !== null && !loopback.test(origin.replace(/^https?:\/\//, ""))) ||
    !loopback.test(request.headers.get("host") ?? "localhost");
  if (foreign) {
    throw new Exception(
      { code: 497, codeName: "ACCESS_DENIED" },
      "Only requests to the loopback address, from no foreign page, are answered",
    );
  }
}

/**
 * As ClickHouse: Basic, or its own headers, or parameters of the address.
 * @throws Exception 516 (AUTHENTICATION_FAILED)
 */
function authenticate(request: Request, accepted: readonly Account[]): void {
  const headers = request.headers;
  const search = new URL(request.url).searchParams;
  const basic = /^Basic (.+)$/i.exec(headers.get("authorization") ?? "");
  const [, basicUser, basicPassword] =
    /^([^:]*):(.*)$/s.exec(basic ? Buffer.from(basic[1], "base64").toString() : "") ?? [];
  const user = basicUser ?? headers.get("x-clickhouse-user") ?? search.get("user") ?? "default";
  const password = basicPassword ?? headers.get("x-clickhouse-key") ?? search.get("password") ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const given = digest(`${user}\0${password}`);
  if (!accepted.some((account) => timingSafeEqual(given, digest(`${account.user}\0${account.password}`)))) {
    throw new Exception(
      { code: 516, codeName: "AUTHENTICATION_FAILED" },
      `${user}: Authentication failed: password is incorrect, or there is no such user`,
    );
  }
}

function failure(exception: Exception, version: string): Response {
  return new Response(exceptionText(exception, version), {
    status: statusOf(exception.code),
    headers: { "content-type": "text/plain; charset=UTF-8", "x-clickhouse-exception-code": String(exception.code) },
  });
}

interface Measured {
  readonly elapsedMs: number;
  /** Called when a streamed answer has been read, or was given up. */
  readonly ended: () => void;
}

function respond(
  outcome: Outcome,
  { statement, environment, compress }: Asked,
  { elapsedMs, ended }: Measured,
): Response {
  const format = statement?.format ?? environment.defaultFormat;
  const headers = new Headers({ "content-type": contentType(format), "x-clickhouse-format": format });
  const summary = { elapsed_ns: String(Math.round(elapsedMs * 1e6)) };
  let body: ReadableStream<Uint8Array> | Uint8Array;
  if (outcome.kind === "stream") {
    body = streamOf(outcome.chunks, ended);
    headers.set("x-clickhouse-summary", JSON.stringify({ ...counts({}), ...summary }));
  } else if (outcome.kind === "written") {
    body = new Uint8Array(0);
    const written = counts({ rows: outcome.rows, bytes: outcome.bytes });
    headers.set("x-clickhouse-summary", JSON.stringify({ ...written, ...summary }));
  } else {
    body = outcome.bytes;
    headers.set(
      "x-clickhouse-summary",
      JSON.stringify({ ...counts({}), result_rows: String(outcome.rows), ...summary }),
    );
  }
  if (compress) {
    headers.set("content-encoding", "gzip");
    const plain = body instanceof ReadableStream ? body : new Blob([body as BlobPart]).stream();
    body = plain.pipeThrough(new CompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>);
  }
  return new Response(body as BodyInit, { headers });
}

function counts(written: { readonly rows?: number; readonly bytes?: number }): Record<string, string> {
  const writtenRows = String(written.rows ?? 0);
  const writtenBytes = String(written.bytes ?? 0);
  return {
    ...{ read_rows: writtenRows, read_bytes: writtenBytes, written_rows: writtenRows, written_bytes: writtenBytes },
    ...{ total_rows_to_read: "0", result_rows: writtenRows, result_bytes: writtenBytes },
  };
}

/** An error in the middle breaks the connection, so that half an answer cannot be taken for a whole one. */
function streamOf(chunks: AsyncIterable<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (!next.done) return controller.enqueue(next.value);
        ended();
        controller.close();
      } catch (error) {
        ended();
        controller.error(error);
      }
    },
    async cancel() {
      ended();
      await iterator.return?.();
    },
  });
}

function contentType(format: string): string {
  if (/^JSON.*EachRow/.test(format)) return "application/x-ndjson; charset=UTF-8";
  if (format.startsWith("JSON")) return "application/json; charset=UTF-8";
  if (/^(TabSeparated|TSV)/.test(format)) return "text/tab-separated-values; charset=UTF-8";
  if (format.startsWith("CSV")) return "text/csv; charset=UTF-8; header=" + (format === "CSV" ? "absent" : "present");
  if (/^(RowBinary|Native|Parquet|Arrow|ORC|Avro|MsgPack|Protobuf)/.test(format)) return "application/octet-stream";
  return "text/plain; charset=UTF-8";
}
