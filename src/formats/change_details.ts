import { DeserializationError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import type { ConnectField } from "./connect_schema.ts";
import type { Change, Fields } from "./envelope.ts";
import { type MessageBytes, parseJson, textOf } from "./message_text.ts";
import type { Converts, rowReader } from "./row_reader.ts";
import { isConnectSchema } from "./schema_wrapper.ts";

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
  options: {
    readonly what: string;
    readonly valueBytesMax: number;
    readonly convertsOf: (schema: ConnectField) => Converts | null;
    readonly readRow: ReturnType<typeof rowReader>;
  },
): ChangeDetails {
  const { what, valueBytesMax, convertsOf, readRow } = options;
  if (value === null) return NOTHING;
  try {
    const text = textOf(value, what, valueBytesMax);
    const whole = parseJson(text, what) as Fields;
    const wrapped = isConnectSchema(whole.schema) && typeof whole.payload === "object" && whole.payload !== null;
    const fields = wrapped ? whole.payload as Fields : whole;
    const transaction = transactionOf(fields.source);
    const { before } = fields;
    if (typeof before !== "object" || before === null) return { before: null, transaction };
    const path = wrapped ? ["payload", "before"] : ["before"];
    const change: Change = { op: "d", after: before, text, path, flattened: false };
    const { row, unavailable } = readRow(
      before as Fields,
      change,
      wrapped ? convertsOf(whole.schema as ConnectField) : null,
    );
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
