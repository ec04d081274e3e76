import type { ChangesForm } from "../formats/change_reader.ts";
import type { EventSpec, RecordMetadata } from "./events.ts";
import type { SourceSpec } from "./source.ts";

/**
 * A change of a table's row, as Debezium tells it. `B` is the row before an update and a delete: null, unless the table
 * has REPLICA IDENTITY FULL and the stream says so ({@link FullChangeOptions}).
 *
 * - `c`: the row was inserted; `r`: it was there when the connector took a snapshot, which comes again with each one;
 * - `u`: it was updated; an update of the primary key is a `d` and a `c`;
 * - `d`: it was deleted;
 * - `t`: the table was emptied (TRUNCATE). The event has no key. Connectors leave it out by default.
 */
export type Change<V, B = null> =
  | { readonly op: "c" | "r"; readonly before: null; readonly after: V }
  | { readonly op: "u"; readonly before: B; readonly after: V }
  | { readonly op: "d"; readonly before: B; readonly after: null }
  | { readonly op: "t"; readonly before: null; readonly after: null };

/** Options of `builder.stream` for a Debezium topic. */
export interface ChangeOptions<C> {
  /**
   * The time of a change, microseconds since the epoch; default: when the database made it (`source.ts_us`, or
   * `source.ts_ms`), or the record's timestamp if it does not say so. `metadata.timestampUs` is the record's timestamp
   * here.
   */
  readonly time?: (change: C, metadata: RecordMetadata) => number;
  /** Where a topology begins that has never read the topic: at its first record (the default), or behind its last. */
  readonly from?: "earliest" | "latest";
}

/** Options of `builder.stream` for a Debezium topic whose records tell the row before. */
export interface FullChangeOptions<C> extends ChangeOptions<C> {
  /**
   * The table has REPLICA IDENTITY FULL, or its database always tells the whole row: `before` is the row. An update or
   * a delete without it is a dead letter. Without this `before` is null: what Debezium writes there for a delete is
   * made of defaults.
   */
  readonly replicaIdentity: "full";
}

/** The changes of a Debezium topic, as planner and runtime see them. */
export function changesSpec(
  source: SourceSpec,
  { time = null, from = "earliest", replicaIdentity }: {
    readonly time?: EventSpec["time"];
    readonly from?: "earliest" | "latest";
    readonly replicaIdentity?: "full";
  },
): EventSpec {
  const changes: ChangesForm & { readonly source: SourceSpec } = { source, before: replicaIdentity === "full" };
  const { name, topic, row } = source;
  return { name, topic, key: "text", value: row, time, from, nullValues: false, dropsRepeats: false, changes };
}
