import { z } from "zod";
import { DeserializationError } from "../record/errors.ts";
import { shown } from "./column_type.ts";
import type { Fields } from "./envelope.ts";
import { type MessageBytes, parseJson, textOf } from "./message_text.ts";
import { parseIntegers } from "./exact_json.ts";
import { problemOf, readyColumns, rowReader } from "./row_reader.ts";

/** Greatest key or value that is read. Bytes; characters for texts. */
const BYTES_MAX = 8 * 1024 * 1024;

/** How the events of a topic are read. */
export interface EventForm {
  /** Named in messages. */
  readonly name: string;
  /** Text, or JSON that a schema takes. */
  readonly key: "text" | z.ZodType;
  /** Text, or a JSON object of these columns. */
  readonly value: "text" | z.ZodObject;
}

/** Reads keys and values of one topic of events. */
export interface EventReader {
  /** Null for a record without a key. @throws DeserializationError as {@link EventReader.value} */
  key(bytes: MessageBytes | null): unknown;
  /**
   * A text, or all columns of the schema in its order; others are ignored.
   * @throws DeserializationError `not_json`, `not_utf8`, `too_large`, `too_deep`, `not_a_row`, `missing_column`,
   * `wrong_type`, and those of column types
   */
  value(bytes: MessageBytes): unknown;
}

/** Makes the reader of a topic's events. @throws TypeError for a schema with rules for the whole object */
export function eventReader({ name, key, value }: EventForm): EventReader {
  const [ofKey, ofValue] = [`the key of a record of "${name}"`, `a record of "${name}"`];
  return {
    key: key === "text" ? textOrNull(ofKey) : jsonKey(key, ofKey),
    value: value === "text" ? (bytes) => textOf(bytes, ofValue, BYTES_MAX) : jsonRow(value, { name, what: ofValue }),
  };
}

function textOrNull(what: string): EventReader["key"] {
  return (bytes) => bytes === null ? null : textOf(bytes, what, BYTES_MAX);
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
  { name, what }: { readonly name: string; readonly what: string },
): EventReader["value"] {
  const columns = readyColumns(name, { row: schema });
  const read = rowReader(name, { columns, isUnavailable: () => false });
  return (bytes) => {
    const text = textOf(bytes, what, BYTES_MAX);
    const value = parseJson(text, what);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new DeserializationError(
        "not_a_row",
        `Cannot read ${what} as an event: current value is ${shown(value)}. Expected a JSON object`,
      );
    }
    return read(value as Fields, { op: "c", after: value, text, path: [], flattened: true }, null).row;
  };
}
