import { type TableName, TOPIC_PREFIX } from "./schema.ts";

/** Where a change stands in the store's history; the fields of Debezium's `source` block that vary. */
export interface ChangePosition {
  readonly txId: number;
  /** LSN of the transaction's first change. */
  readonly firstLsn: number;
  readonly lsn: number;
  /** Microseconds since the epoch: when the transaction was committed. */
  readonly commitMicros: number;
  /** Nanoseconds since the epoch as digits: when the connector handled the change. */
  readonly handled: HandledAt;
}

/** When the connector handled a change. */
export interface HandledAt {
  readonly micros: number;
  /** Nanoseconds within that microsecond. */
  readonly nanos: number;
}

/** `source.snapshot` of a snapshot's rows. */
export type SnapshotMarker = "first" | "first_in_data_collection" | "true" | "last_in_data_collection" | "last";

/**
 * Debezium's marker of one row: the end counts before the beginning, so that the only row of the last table is `last`
 * (`RelationalSnapshotChangeEventSource.setSnapshotMarker`).
 */
export function snapshotMarker(
  row: { firstTable: boolean; lastTable: boolean; first: boolean; last: boolean },
): SnapshotMarker {
  if (row.last && row.lastTable) return "last";
  if (row.first && row.firstTable) return "first";
  if (row.last) return "last_in_data_collection";
  return row.first ? "first_in_data_collection" : "true";
}

const VERSION = "3.6.3.Final";
const SOURCE_START = `"source":{"version":"${VERSION}","connector":"postgresql","name":"${TOPIC_PREFIX}","ts_ms":`;
const DATABASE = `,"db":"${TOPIC_PREFIX}","sequence":"[`;

/**
 * The envelope of a streamed change as the JsonConverter without schemas writes it. `before` and `after` are JSON texts
 * of the row; a create has `before` null, a delete `after` null. `source.snapshot` is null, as with
 * `replace.null.with.default=false`.
 */
export function changeEnvelope(
  table: TableName,
  change: { before: string | null; after: string | null; position: ChangePosition },
): string {
  const { before, after, position } = change;
  const op = before === null ? "c" : after === null ? "d" : "u";
  const sequence = `\\"${position.firstLsn}\\",\\"${position.lsn}\\"]"`;
  return `{"before":${before},"after":${after},` + source(table, "null", sequence, position) +
    tail(op, position.handled);
}

/**
 * The envelope of a row read by the initial snapshot: one LSN, transaction and source time for all rows of a snapshot.
 */
export function snapshotEnvelope(
  table: TableName,
  read: { after: string; marker: SnapshotMarker; position: ChangePosition },
): string {
  const { after, marker, position } = read;
  const sequence = `null,\\"${position.lsn}\\"]"`;
  return `{"before":null,"after":${after},` + source(table, `"${marker}"`, sequence, position) +
    tail("r", position.handled);
}

function source(table: TableName, snapshot: string, sequence: string, position: ChangePosition): string {
  const micros = position.commitMicros;
  return `${SOURCE_START}${
    Math.floor(micros / 1000)
  },"snapshot":${snapshot}${DATABASE}${sequence},"ts_us":${micros},"ts_ns":${micros}000` +
    `,"schema":"public","table":"${table}","txId":${position.txId},"lsn":${position.lsn},` +
    `"xmin":null,"origin":null,"origin_lsn":null}`;
}

function tail(op: "c" | "u" | "d" | "r", handled: HandledAt): string {
  const { micros, nanos } = handled;
  return `,"transaction":null,"op":"${op}","ts_ms":${Math.floor(micros / 1000)},"ts_us":${micros},"ts_ns":${micros}${
    String(nanos).padStart(3, "0")
  }}`;
}
