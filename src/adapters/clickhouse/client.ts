import { Buffer } from "node:buffer";
import { Agent } from "node:https";
import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  createClient,
} from "@clickhouse/client";
import type { ConnectionOptions } from "./connection_options.ts";

/** Four thousand signs of life, a day and a half. Without it 16 KB are allowed: half an hour. */
const HEADERS_BYTES_MAX = 2 ** 20;

const CONNECTIONS_MAX = 10;

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
  const connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
  const byCertificate = options.token === undefined && password === "";
  return createClient({
    url,
    // A token comes with each request.
    ...(options.token === undefined ? { username, password } : {}),
    ...(database === undefined ? {} : { database }),
    ...tlsOf(options, { byCertificate, connectionsMax }),
    application: "weir",
    request_timeout: timeoutMs,
    max_response_headers_size: HEADERS_BYTES_MAX,
    max_open_connections: connectionsMax,
    // On a connection that is used again, Deno repeats a request by itself when the server goes away, without its body:
    // such an insert would hang until its time is over, and one that was given up would be sent again. New connections
    // cost less than a millisecond.
    keep_alive: { enabled: false },
    compression: { request: compression, response: compression },
    // What goes wrong is thrown; the client's own log would repeat statements.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/**
 * How the client speaks TLS. Told of a certificate by its own option, it logs in by it, beside a password as well,
 * which ClickHouse refuses; and told of authorities alone, it sends no token. So that option is for the login by
 * certificate alone, and otherwise TLS is the agent's concern.
 */
function tlsOf(
  { tls }: ConnectionOptions,
  { byCertificate, connectionsMax }: { readonly byCertificate: boolean; readonly connectionsMax: number },
): Pick<ClickHouseClientConfigOptions, "tls" | "http_agent"> {
  if (tls === undefined) return {};
  const ca = Buffer.from(tls.caCert);
  const { cert, key } = tls;
  const shown = cert === undefined || key === undefined ? {} : { cert: Buffer.from(cert), key: Buffer.from(key) };
  if (byCertificate && "cert" in shown) return { tls: { ca_cert: ca, ...shown } };
  return { http_agent: new Agent({ keepAlive: false, maxSockets: connectionsMax, ca, ...shown }) };
}
