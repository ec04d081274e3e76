import type { ConnectionOptions } from "../../adapters/clickhouse/connection_options.ts";
import type { StoredLetters } from "../../adapters/local/stored_letters.ts";
import type { Ports } from "../../runtime/runner.ts";
import type { Configuration } from "../config/configuration.ts";
import type { Route } from "../http_server.ts";
import type { PrometheusMetrics } from "../prometheus.ts";
import type { DemoSource } from "./demo_source.ts";
import type { Event } from "./output.ts";

/** Everything outside: the services, or what stands in for them. */
export interface World {
  readonly mode: "embedded" | "real";
  readonly ports: Ports;
  /** What listens where, by name. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly demo: DemoSource | null;
  /** Takes records for a log that nobody else can write; null if the log is Kafka's. */
  readonly produce: Route | null;
  /** Who knows it may ask for the rows of stores; null: whoever is on this machine. */
  readonly storePassword: string | null;
  /** ClickHouse, for whoever only reads. */
  readonly reader: ConnectionOptions;
  /** Its dead letters by name, with what was tried to replay them. */
  readonly letters: StoredLetters;
  /** Tells other commands where this instance listens. */
  publish(addresses: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
  /** The same, when nothing has run: a directory of this process alone that opening has made is removed. */
  discard(): Promise<void>;
}

/** What opening a world needs. */
export interface WorldOptions {
  readonly configuration: Configuration;
  readonly metrics: PrometheusMetrics;
  readonly onEvent: (event: Event) => void;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
}
