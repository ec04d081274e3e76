import { Buffer } from "node:buffer";
import { Exception } from "./clickhouse_exception.ts";
import type { Environment } from "./environment.ts";
import { parseStatement, type Statement } from "./clickhouse_statement.ts";

/** What one HTTP request asks for. */
export interface Asked {
  /** `null` when the request holds no statement at all. */
  readonly statement: Statement | null;
  readonly environment: Environment;
  /** The parameter `client_protocol_version`: in which revision of the format Native it is to be answered. */
  readonly nativeRevision: string | null;
  /** The client will read a gzip response and asked for one. */
  readonly compress: boolean;
}

/** Called with the size of every piece of a body before it is kept. @throws Exception when that is too much */
export type Hold = (bytes: number) => void;

/** Parameters of the HTTP interface that are no settings: read below, or without a meaning for one embedded server. */
const IGNORED = new Set([
  ...[
    "query",
    "query_id",
    "user",
    "password",
    "database",
    "default_format",
    "readonly",
    "role",
    "quota_key",
    "stacktrace",
  ],
  ...["wait_end_of_query", "buffer_size", "client_protocol_version", "enable_http_compression", "session_timeout"],
  ...[
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "session_check",
    "close_session",
    "framing",
  ],
]);

/**
 * Reads a request of ClickHouse's HTTP interface: the statement is the `query` parameter, a line end and the body,
 * whichever of the two are there; every parameter that is none of the interface's own is a setting.
 * @throws Exception
 */
export async function readAsked(request: Request, hold: Hold): Promise<Asked> {
  const url = new URL(request.url);
  const parameters = new Map<string, string>();
  const settings = new Map<string, string>();
  let query = url.searchParams.get("query") ?? "";
  for (const [name, value] of url.searchParams) {
    if (name.startsWith("param_")) parameters.set(name.slice(6), value);
    else if (!IGNORED.has(name)) settings.set(settingOf(name, value), value);
  }
  let body: Uint8Array = new Uint8Array(0);
  if (request.headers.get("content-type")?.startsWith("multipart/form-data")) {
    for (const [name, value] of await formFields(request, hold)) {
      if (name === "query") query += value;
      else if (name.startsWith("param_")) parameters.set(name.slice(6), value);
      else {throw new Exception(
          { code: 48, codeName: "NOT_IMPLEMENTED" },
          `External table "${name}" is not supported by the embedded server`,
        );}
    }
  } else if (request.body) body = await readBody(request, hold);

  const bytes = query === ""
    ? body
    : body.length === 0
    ? Buffer.from(query)
    : Buffer.concat([Buffer.from(`${query}\n`), body]);
  const statement = parseStatement(bytes);
  const headers = request.headers;
  return {
    statement: statement.keyword === "" ? null : statement,
    environment: {
      database: url.searchParams.get("database") ?? headers.get("x-clickhouse-database"),
      settings,
      parameters,
      rights: "all",
      readonly: readonlyOf(url.searchParams.get("readonly"), request.method),
      defaultFormat: url.searchParams.get("default_format") ?? headers.get("x-clickhouse-format") ?? "TabSeparated",
      gone: request.signal,
    },
    nativeRevision: url.searchParams.get("client_protocol_version"),
    compress: url.searchParams.get("enable_http_compression") === "1" &&
      /\bgzip\b/.test(headers.get("accept-encoding") ?? ""),
  };
}

function settingOf(name: string, value: string): string {
  const native = (name === "compress" || name === "decompress") && value === "1";
  if (native || name === "session_id") {
    throw new Exception(
      { code: 48, codeName: "NOT_IMPLEMENTED" },
      `HTTP parameter "${name}" is not supported by the embedded server`,
    );
  }
  return name;
}

/** GET may not write, as in ClickHouse. */
function readonlyOf(asked: string | null, method: string): 0 | 1 | 2 {
  if (asked === "1" || asked === "2") return asked === "1" ? 1 : 2;
  return method === "POST" ? 0 : 2;
}

async function formFields(request: Request, hold: Hold): Promise<[string, string][]> {
  const body = await readBody(request, hold);
  const form = await new Response(Buffer.from(body), {
    headers: { "content-type": request.headers.get("content-type")! },
  })
    .formData();
  const fields: [string, string][] = [];
  for (const [name, value] of form) fields.push([name, typeof value === "string" ? value : await value.text()]);
  return fields;
}

/** The whole body, decompressed. */
async function readBody(request: Request, hold: Hold): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  let stream: ReadableStream<Uint8Array> = request.body!;
  if (encoding === "gzip" || encoding === "deflate") {
    stream = request.body!.pipeThrough(new DecompressionStream(encoding));
  } else if (encoding !== "identity") {
    throw new Exception(
      { code: 89, codeName: "UNKNOWN_COMPRESSION_METHOD" },
      `Content-Encoding "${encoding}" is not supported: use gzip or deflate`,
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    hold(chunk.length);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
