import { DeserializationError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import type { Converts } from "./connect_schema.ts";
import type { Change, Fields } from "./envelope.ts";
import { type MessageBytes, parseJson, textOf } from "./message_text.ts";
import type { ReadRow } from "./row_reader.ts";
import { wrappedIn } from "./schema_wrapper.ts";
import type { TextReaderOptions } from "./text_change.ts";

/** What a change says besides what it means for its table. */
export interface ChangeDetails {
  /** The row before the change; null if the message has none that can be read as a whole row. */
  readonly before: Row | null;
  /** The source's transaction; null if the message names none. */
  readonly transaction: string | null;
  /** Debezium's operation; null if the message names none. */
  readonly op: string | null;
  /** When the database made the change, microseconds since the epoch; null if the message does not tell. */
  readonly sourceUs: number | null;
}

const NOTHING: ChangeDetails = { before: null, transaction: null, op: null, sourceUs: null };

/** Reads a change a second time, whole, for what the first look leaves out. What cannot be read says nothing. */
export function changeDetails(
  value: MessageBytes | null,
  options: TextReaderOptions & { readonly readRow: (change: Change, converts: Converts) => ReadRow },
): ChangeDetails {
  const { what, valueBytesMax, declared, schemaConverts, readRow } = options;
  if (value === null) return NOTHING;
  try {
    const text = textOf(value, what, valueBytesMax);
    const whole = parseJson(text, what);
    const wrapper = wrappedIn(whole);
    const fields = (wrapper === null ? whole : wrapper.payload) as Fields | null;
    if (typeof fields !== "object" || fields === null) return NOTHING;
    const told = { transaction: transactionOf(fields.source), op: opOf(fields), sourceUs: sourceUsOf(fields) };
    const { before } = fields;
    if (typeof before !== "object" || before === null) return { ...told, before: null };
    const path = wrapper === null ? ["before"] : ["payload", "before"];
    const change: Change = { op: "d", after: before, text, path, flattened: false };
    const converts = wrapper?.schema ? schemaConverts(wrapper.schema) : declared;
    const { row, unavailable } = readRow(change, converts);
    return { ...told, before: unavailable === null ? row : null };
  } catch (error) {
    if (error instanceof DeserializationError) return NOTHING;
    throw error;
  }
}

/** Of an envelope, or of a flattened row to which it was added (`add.fields=op`). */
function opOf({ op, __op }: Fields): string | null {
  return typeof op === "string" ? op : typeof __op === "string" ? __op : null;
}

/** Of an envelope, or of a flattened row to which it was added (`add.fields=source.ts_us` or `source.ts_ms`). */
function sourceUsOf({ source, __source_ts_us, __source_ts_ms }: Fields): number | null {
  const { ts_us = __source_ts_us, ts_ms = __source_ts_ms } = (source ?? {}) as Fields;
  // Connectors before version 2.6 have milliseconds alone; 0 is no time.
  const us = Number(ts_us) || Number(ts_ms) * 1_000;
  return Number.isSafeInteger(us) && us > 0 ? us : null;
}

function transactionOf(source: unknown): string | null {
  if (typeof source !== "object" || source === null) return null;
  // PostgreSQL's and Oracle's; MySQL's, where it has global ids; SQL Server's.
  const { txId, gtid, commit_lsn } = source as { txId?: unknown; gtid?: unknown; commit_lsn?: unknown };
  const told = txId ?? gtid ?? commit_lsn;
  return typeof told === "number" || typeof told === "string" ? String(told) : null;
}
