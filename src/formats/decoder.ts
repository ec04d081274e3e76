import type { ConnectField } from "../record/connect_field.ts";
import type { z } from "zod";
import { DeserializationError, readOrNull } from "../record/errors.ts";
import type { Key } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { shown } from "./column_type.ts";
import type { ToldTime } from "./changelog_horizon.ts";
import { type ChangeDetails, changeDetails } from "./change_details.ts";
import { type Converts, convertsOf, rowFields } from "./connect_schema.ts";
import { agreementCheck } from "./agreement.ts";
import { declaredConvert, declaredConverts } from "./declared_form.ts";
import type { Change, Fields } from "./envelope.ts";
import { envelopeScanner, type Scanned } from "./envelope_scanner.ts";
import type { WireFormat } from "./key_form.ts";
import { documentChange, foreignWriter } from "./foreign_message.ts";
import type { MessageBytes } from "./message_text.ts";
import { keyedRows } from "./keyed_rows.ts";
import { keyReader, type KeySpec } from "./message_key.ts";
import { type ReadyColumn, readyColumns } from "./row_reader.ts";
import { rowTextReader, textReader } from "./text_change.ts";
import { UNAVAILABLE_DEFAULT, unavailableTest } from "./unavailable.ts";
import { type UnitDoubt, unitDoubts } from "./unit_doubts.ts";
import { unknownColumns } from "./unknown_columns.ts";

export type { MessageBytes } from "./message_text.ts";

/**
 * Greatest message value that is read, unless configured otherwise. Bytes; characters for values that are text already.
 */
const VALUE_BYTES_MAX = 8 * 1024 * 1024;

/** A row as it is now. */
interface Upsert {
  readonly kind: "upsert";
  readonly key: Key;
  /** All columns of the schema, in its order; unavailable ones undefined. */
  readonly row: Row;
  /**
   * Columns whose unchanged TOAST value the message does not hold: take them from the row known so far. Null if none.
   */
  readonly unavailable: readonly string[] | null;
  /** Debezium calls it the row's creation: no row had the key before, unless keys were exchanged. */
  readonly created: boolean;
  /** Of a result of a stream: a row of the key with a greater number is newer, wherever it stands in the topic. */
  readonly to?: number;
}

/** What a record means for its table. */
export type Decoded =
  | Upsert
  /** `tombstone`: a record without a value, which says nothing but the key. */
  | { readonly kind: "delete"; readonly key: Key; readonly tombstone: boolean }
  /** Not about a row: a message of Debezium's own, or what a changelog needs for itself. */
  | {
    readonly kind: "skip";
    readonly reason: "heartbeat" | "transaction" | "message" | "changelog";
    /** Of a changelog whose results go by age. */
    readonly time?: ToldTime;
  };

/** What a decoder is made for. */
export interface DecoderOptions {
  /** Named in messages. */
  readonly source: string;
  /** Key columns in the order of Debezium's key. */
  readonly key: readonly string[];
  /** Columns to read; all others are ignored and counted. */
  readonly row: z.ZodObject;
  /** The connector's `unavailable.value.placeholder`. */
  readonly placeholder?: string;
  /** Default: {@link VALUE_BYTES_MAX}. */
  readonly valueBytesMax?: number;
  /** Told once for each column whose integers do not look like the unit that it declares. */
  readonly onDoubt?: (doubt: UnitDoubt) => void;
  /** How keys and values are written, if it is not as Debezium does by itself. */
  readonly format?: WireFormat;
  /** Default: true. Without, keys and values are read as text: what the scanners give is compared with that. */
  readonly scans?: boolean;
}

/** A record as a log gives it. */
interface Message {
  readonly key: MessageBytes | null;
  readonly value: MessageBytes | null;
}

type ValueMessage = Message & { readonly value: MessageBytes };

function hasValue(message: Message): message is ValueMessage {
  return message.value !== null;
}

/** Reads the records of one topic. */
export interface Decoder {
  /**
   * Pure but for the counting of unknown columns and the look at units. Envelopes with and without Connect schema,
   * flattened rows, tombstones. A delete's row is not looked at: `before` is null or made up unless the table has
   * REPLICA IDENTITY FULL.
   * @throws DeserializationError `reason`: not_json, not_utf8, too_large, too_deep, null_key, bad_key, not_a_row,
   * unknown_op, truncate, missing_after, missing_column, wrong_type, not_finite, out_of_range, overflow,
   * not_a_row_value, schema_threw
   */
  decode(record: Message): Decoded;
  /** The key of a record, whether or not its value can be read; null if the key itself cannot. */
  keyOf(key: MessageBytes | null): Key | null;
  /** What else a change says: slow, and only asked for when keys seem to be exchanged. Never throws. */
  details(record: Message): ChangeDetails;
  /**
   * Columns that arrived and are not in the schema, with the number of records that had them. A new map at each look.
   */
  readonly unknownColumns: ReadonlyMap<string, number>;
}

/**
 * Makes the decoder of one topic.
 * @throws TypeError for a schema or key that cannot be decoded. @throws RangeError for a malformed placeholder
 */
export function createDecoder(options: DecoderOptions): Decoder {
  const { what, keys, rows, checkAgreement, changeOf, doubts, unknown, scanner, texts } = readersOf(options);

  const upsert = (bytes: MessageBytes | null, change: Change, converts: Converts): Upsert => {
    const { after } = change;
    if (typeof after !== "object" || after === null || Array.isArray(after)) throw missingAfter(what, change);
    const key = keys.key(bytes);
    const { row, unavailable } = rows.lacksKey(after as Fields)
      ? rows.readWith(bytes)(change, converts)
      : rows.read(after as Fields, change, converts);
    checkAgreement(key, row);
    unknown.see(Object.keys(after), change.flattened ? "flattened" : "plain");
    return { kind: "upsert", key, row, unavailable, created: change.op === "c" };
  };
  /** The same, in the same order, of a row that is read already. */
  const scannedChange = ({ key: bytes, value }: ValueMessage, { op, row, names }: Scanned): Decoded => {
    const key = keys.key(bytes);
    if (row === null) return { kind: "delete", key, tombstone: false };
    checkAgreement(key, row);
    unknown.see(names, "plain");
    if (doubts !== null) doubts(row, value);
    return { kind: "upsert", key, row, unavailable: null, created: op === "c" };
  };
  const parsedChange = (record: ValueMessage): Decoded => {
    const found = changeOf(record);
    if (found === "delete") return { kind: "delete", key: keys.key(record.key), tombstone: true };
    if (typeof found === "string") return { kind: "skip", reason: found };
    const { change, converts } = found;
    switch (change.op) {
      case "c":
      case "r":
      case "u": {
        const decoded = change.flattened
          ? orForeign(what, change.after as Fields, () => upsert(record.key, change, converts))
          : upsert(record.key, change, converts);
        if (doubts !== null && !found.attached) doubts(decoded.row, record.value);
        if (found.quick) scanner?.learn(Object.keys(change.after as Fields));
        return decoded;
      }
      case "d":
        return { kind: "delete", key: keys.key(record.key), tombstone: false };
      case "m":
        return { kind: "skip", reason: "message" };
      default:
        throw badOperation(what, change.op);
    }
  };

  return {
    decode(record) {
      if (!hasValue(record)) return { kind: "delete", key: keys.key(record.key), tombstone: true };
      const scanned = scanner === null ? null : scanner.scan(record.value);
      return scanned === null ? parsedChange(record) : scannedChange(record, scanned);
    },
    keyOf: (key) => readOrNull(() => keys.key(key)),
    details: ({ key, value }) => changeDetails(value, { ...texts, readRow: rows.readWith(key) }),
    get unknownColumns() {
      return unknown.totals();
    },
  };
}

/** What reads the parts of one topic's records. */
function readersOf(options: DecoderOptions) {
  const { source } = options;
  const columns = readyColumns(source, options);
  checkKey(source, options.key);
  const what = `a record of "${source}"`;
  const valueBytesMax = options.valueBytesMax ?? VALUE_BYTES_MAX;
  const keys = keyReader(source, keySpec(columns, options));
  const declared = declaredConverts(columns, options.format);
  const placeholder = options.placeholder ?? UNAVAILABLE_DEFAULT;
  const plain = options.format?.plain === true;
  const isUnavailable = plain ? () => false : unavailableTest(placeholder);
  const rows = keyedRows(source, { columns, key: options.key, isUnavailable, keyValues: keys.values, plain });
  const checkAgreement = agreementCheck(source, { columns, key: options.key });
  const schemaConverts = (schema: ConnectField): Converts => convertsOf(columns, rowFields(schema));
  const texts = { what, valueBytesMax, declared, schemaConverts };
  const changeOf = plain ? rowTextReader(texts) : textReader(texts);
  const doubts = options.onDoubt === undefined || plain ? null : unitDoubts(columns, options.onDoubt);
  const unknown = unknownColumns(new Set(columns.map((column) => column.name)));
  const forms = placeholder === UNAVAILABLE_DEFAULT;
  const scanner = options.scans === false || plain
    ? null
    : envelopeScanner({ columns, key: options.key, converts: declared, isUnavailable, forms, valueBytesMax });
  return { what, keys, rows, checkAgreement, changeOf, doubts, unknown, scanner, texts };
}

function checkKey(source: string, key: readonly string[]): void {
  if (key.length > 0 && new Set(key).size === key.length && !key.includes("__proto__")) return;
  throw new TypeError(`Cannot use [${key.join(", ")}] as the key of "${source}": name each primary key column once`);
}

function keySpec(columns: readonly ReadyColumn[], { key, format, scans = true }: DecoderOptions): KeySpec {
  return {
    columns: key.map((name) => {
      const column = columns.find((candidate) => candidate.name === name) ?? null;
      return { name, column, declared: column === null ? null : declaredConvert(column, format) };
    }),
    bare: format?.key === "bare",
    text: format?.key === "text",
    scans,
  };
}

/** What `read` gives of a flattened row; a refusal names who else may have written it. */
function orForeign<T>(what: string, row: Fields, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const writer = error instanceof DeserializationError ? foreignWriter(row) : null;
    if (!(error instanceof DeserializationError) || writer === null) throw error;
    throw new DeserializationError(
      error.reason,
      `Cannot read ${what} as a row: ${writer}. If it is one: ${error.message}`,
      { cause: error },
    );
  }
}

function missingAfter(what: string, change: Change): DeserializationError {
  if (typeof change.after === "string" && change.after.startsWith("{")) return documentChange(what);
  return new DeserializationError(
    "missing_after",
    `Cannot read ${what} as a row: operation "${change.op}" has as "after" ${shown(change.after)}`,
  );
}

function badOperation(what: string, op: string): DeserializationError {
  if (op === "t") {
    return new DeserializationError(
      "truncate",
      `Cannot read ${what} as a row change: the table was truncated, and what that deletes is not in the topic. ` +
        `Use DELETE at the source, then load the table again`,
    );
  }
  return new DeserializationError(
    "unknown_op",
    `Cannot read ${what} as a change: operation is ${shown(op)}, not c, r, u or d`,
  );
}
