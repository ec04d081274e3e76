import type { Connection } from "../../adapters/clickhouse/connection.ts";
import type { Comparison } from "./compare.ts";

/** What comparing one sink found. */
export interface SinkReport {
  readonly topology: string;
  readonly sink: string;
  /** The view, as people query it. */
  readonly view: Comparison;
  /** The stored rows without FINAL. */
  readonly stored: Comparison;
  /** Rows that do not fit their sink; the engine sets them aside too, as dead letters. */
  readonly unfit: number;
  /** Rows that expired, or were made of rows that expired, while they were compared: they are not judged. */
  readonly moving: number;
  /** Rows of windows beyond their retention that are shown, and are not judged; absent: nothing goes by age. */
  readonly beyond?: number;
  readonly durationMs: number;
}

/** Where ClickHouse is asked. */
export interface Shown {
  readonly connection: Connection;
  readonly database: string;
}
