import { z } from "zod";
import { DeserializationError } from "../record/errors.ts";
import { NO_HEADERS, type RecordHeaders } from "../record/headers.ts";
import { cloudEventText } from "./cloud_event.ts";
import { shown } from "./column_type.ts";
import { changeReader, type ChangesForm, type EventMessage, type ReadRecord } from "./change_reader.ts";
import type { Fields } from "./envelope.ts";
import { convertsOf, rowFields } from "./connect_schema.ts";
import { type MessageBytes, parseJson, plainTextOf, textOf } from "./message_text.ts";
import { parseIntegers } from "./exact_json.ts";
import { schemaWrappers } from "./schema_wrapper.ts";
import { headersOf } from "./message_headers.ts";
import { problemOf, readyColumns, rowReader } from "./row_reader.ts";

/** What to do about columns that an event does not have. */
const MISSING_ADVICE = "Write them, or declare them as .optional() or with a default";

/** Greatest key or value that is read. Bytes; characters for texts. */
const BYTES_MAX = 8 * 1024 * 1024;

/** How the events of a topic are read. */
export interface EventForm {
  /** Named in messages. */
  readonly name: string;
  /** Text, bytes, or JSON that a schema takes. */
  readonly key: "text" | "bytes" | z.ZodType;
  /** Text, bytes, or a JSON object of these columns. */
  readonly value: "text" | "bytes" | z.ZodObject;
  /** A record without a value is an event of the value null. */
  readonly nullValues: boolean;
  /** Set if values are written through a schema registry: those objects come with their schema beside them. */
  readonly registry?: "all" | "values";
  /** Set if the events are the changes of a table: then this says all of them. */
  readonly changes: ChangesForm | null;
  /** Records are CloudEvents, of either mode. */
  readonly cloudEvents?: boolean;
}

/** Reads the records of one topic of events. */
export interface EventReader {
  /** @throws DeserializationError as {@link EventReader.value}, and those of `changeReader` */
  read(message: EventMessage): ReadRecord;
  /** Null for a record without a key. @throws DeserializationError as {@link EventReader.value} */
  key(bytes: MessageBytes | null): unknown;
  /**
   * A text, bytes of its own, or all columns of the schema in its order; others are ignored.
   * @throws DeserializationError `not_json`, `not_utf8`, `too_large`, `too_deep`, `not_a_row`, `missing_column`,
   * `wrong_type`, and those of column types
   */
  value(bytes: MessageBytes): unknown;
}

/** Makes the reader of a topic's events. @throws TypeError for a schema with rules for the whole object */
export function eventReader(
  { name, key: keyForm, value: form, nullValues, registry, changes, cloudEvents = false }: EventForm,
): EventReader {
  const [ofKey, ofValue] = [`the key of a record of "${name}"`, `a record of "${name}"`];
  const key = keyForm === "text" || keyForm === "bytes" ? plainOrNull(keyForm, ofKey) : jsonKey(keyForm, ofKey);
  const value = form === "text" || form === "bytes"
    ? plain(form, ofValue)
    : jsonRow(form, { name, what: ofValue, wrapped: registry !== undefined });
  const read = (message: EventMessage): ReadRecord => {
    if (message.value === null && !nullValues) return { kind: "skip", reason: "null_value" };
    const read = { key: key(message.key), value: message.value === null ? null : value(message.value) };
    return { kind: "event", ...read, timestampUs: null };
  };
  if (cloudEvents) {
    const eventOf = (bytes: MessageBytes | null, headers: RecordHeaders) =>
      value(cloudEventText({ value: bytes, headers }, ofValue));
    return {
      key,
      value: (bytes) => eventOf(bytes, NO_HEADERS),
      read: (message) => {
        const event = eventOf(message.value, headersOf(message));
        return { kind: "event", key: key(message.key), value: event, timestampUs: null };
      },
    };
  }
  return { key, value, read: changes === null ? read : changeReader(changes) };
}

function plain(form: "text" | "bytes", what: string): EventReader["value"] {
  if (form === "bytes") return (bytes) => bytesOf(bytes, what);
  const options = { what, bytesMax: BYTES_MAX };
  return (bytes) => plainTextOf(bytes, options);
}

function plainOrNull(form: "text" | "bytes", what: string): EventReader["key"] {
  const read = plain(form, what);
  return (bytes) => bytes === null ? null : read(bytes);
}

const encoder = new TextEncoder();

/** A copy: what a log gives may be a view of all that was fetched with it. */
function bytesOf(bytes: MessageBytes, what: string): Uint8Array {
  if (bytes.length > BYTES_MAX) throw tooLarge(bytes.length, what);
  return typeof bytes === "string" ? encoder.encode(bytes) : bytes.slice();
}

function tooLarge(length: number, what: string): DeserializationError {
  return new DeserializationError(
    "too_large",
    `Cannot read ${what} as bytes: current value is ${length} bytes, the limit is ${BYTES_MAX}. Write smaller records`,
  );
}

function jsonKey(schema: z.ZodType, what: string): EventReader["key"] {
  return (bytes) => {
    if (bytes === null) return null;
    const text = textOf(bytes, what, BYTES_MAX);
    parseJson(text, what);
    const wire = parseIntegers(text);
    const result = schema.safeParse(wire);
    if (result.success) return result.data;
    const problem = problemOf({ name: "key", schema, asked: true }, wire);
    throw new DeserializationError("bad_key", `Cannot read ${what}: ${problem?.text ?? z.prettifyError(result.error)}`);
  };
}

function jsonRow(
  schema: z.ZodObject,
  { name, what, wrapped }: { readonly name: string; readonly what: string; readonly wrapped: boolean },
): EventReader["value"] {
  const columns = readyColumns(name, { row: schema });
  const unwrap = wrapped ? schemaWrappers((field) => convertsOf(columns, rowFields(field))) : null;
  const read = rowReader(name, { columns, isUnavailable: () => false, missingAdvice: MISSING_ADVICE });
  return (bytes) => {
    const whole = textOf(bytes, what, BYTES_MAX);
    const wrapper = unwrap === null ? null : unwrap(whole);
    const text = wrapper === null ? whole : whole.slice(wrapper.prefix.length, -1);
    const value = parseJson(text, what);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new DeserializationError(
        "not_a_row",
        `Cannot read ${what} as an event: current value is ${shown(value)}. Expected a JSON object`,
      );
    }
    return read(value as Fields, { op: "c", after: value, text, path: [], flattened: true }, wrapper?.made ?? null).row;
  };
}
