import type { EmbeddedClickHouse } from "../adapters/embedded_clickhouse/clickhouse.ts";
import type { RecordHeaders } from "../record/headers.ts";
import type { Bytes } from "../ports/log.ts";
import type { Schemas } from "../ports/schemas.ts";
import type { RunOptions } from "../runtime/options.ts";
import type { RefuseRow } from "./memory_warehouse.ts";

/** Options of a TopologyTestDriver. */
export interface TopologyTestDriverOptions {
  /** Partitions of every source topic, or of each by the source's name (the others have 3). */
  readonly partitions?: number | Readonly<Record<string, number>>;
  /**
   * Cleanup of the source topics, which keep everything for ever; default "compact", which refuses records without a
   * key.
   */
  readonly cleanup?: "compact" | "delete";
  /** Differences from the default run options. */
  readonly options?: Partial<RunOptions>;
  /**
   * "memory", the default, computes what ClickHouse would show; "embedded" writes to the embedded ClickHouse and reads
   * it, which takes a second or two more: for types and functions that only ClickHouse itself can judge. Or a server
   * that is running already, where the driver makes a database of its own.
   */
  readonly warehouse?: "memory" | "embedded" | EmbeddedClickHouse;
  /** Where schemas of records are found that are written through a schema registry; absent: all records are JSON. */
  readonly schemas?: Schemas;
  /** Rows whose content the in-memory warehouse refuses beside those that it always does: none if absent. */
  readonly refuses?: RefuseRow;
}

/**
 * A record as bytes or text. `partition`: where Kafka's default partitioner puts the key, unless given; 0 for a null
 * key.
 */
export interface RawRecord {
  readonly key: Bytes | null;
  readonly value: Bytes | null;
  readonly partition?: number;
  /** Milliseconds since the epoch; the driver's clock if absent. */
  readonly timestampMs?: number;
  /** None if absent. */
  readonly headers?: RecordHeaders;
}

const PARTITIONS_DEFAULT = 3;

/** How many partitions a source has, by its name. */
export function partitionsIn(
  { partitions = PARTITIONS_DEFAULT }: Pick<TopologyTestDriverOptions, "partitions">,
): (source: string) => number {
  return (source) => typeof partitions === "number" ? partitions : partitions[source] ?? PARTITIONS_DEFAULT;
}
