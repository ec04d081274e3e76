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
}

const NOTHING: ChangeDetails = { before: null, transaction: null };

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
    const transaction = transactionOf(fields.source);
    const { before } = fields;
    if (typeof before !== "object" || before === null) return { before: null, transaction };
    const path = wrapper === null ? ["before"] : ["payload", "before"];
    const change: Change = { op: "d", after: before, text, path, flattened: false };
    const converts = wrapper?.schema ? schemaConverts(wrapper.schema) : declared;
    const { row, unavailable } = readRow(change, converts);
    return { before: unavailable === null ? row : null, transaction };
  } catch (error) {
    if (error instanceof DeserializationError) return NOTHING;
    throw error;
  }
}

function transactionOf(source: unknown): string | null {
  if (typeof source !== "object" || source === null) return null;
  const { txId } = source as { txId?: unknown };
  return typeof txId === "number" || typeof txId === "string" ? String(txId) : null;
}
