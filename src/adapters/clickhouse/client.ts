import { Buffer } from "node:buffer";
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { ConnectionOptions } from "./connection_options.ts";

/** Four thousand signs of life, a day and a half. Without it 16 KB are allowed: half an hour. */
const HEADERS_BYTES_MAX = 2 ** 20;

/** The client of one endpoint, which sends nothing until it is asked. */
export function openClient(
  options: ConnectionOptions,
  { url: address, database, timeoutMs }: {
    readonly url: string;
    readonly database: string | undefined;
    readonly timeoutMs: number;
  },
): ClickHouseClient {
  const url = new URL(address);
  const username = options.username ?? (decodeURIComponent(url.username) || "default");
  const password = options.password ?? decodeURIComponent(url.password);
  url.username = url.password = "";
  const compression = options.compression ?? false;
  const { caCert, cert, key } = options.tls ?? {};
  return createClient({
    url,
    // A token comes with each request.
    ...(options.token === undefined ? { username, password } : {}),
    ...(database === undefined ? {} : { database }),
    ...(caCert === undefined ? {} : {
      tls: cert !== undefined && key !== undefined
        ? { ca_cert: Buffer.from(caCert), cert: Buffer.from(cert), key: Buffer.from(key) }
        : { ca_cert: Buffer.from(caCert) },
    }),
    application: "weir",
    request_timeout: timeoutMs,
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
