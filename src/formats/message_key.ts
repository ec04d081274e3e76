import { DeserializationError } from "../record/errors.ts";
import { type Key, keyOf, keyOfOne } from "../record/key.ts";
import { NumberText, shown } from "./column_type.ts";
import { parseExact } from "./exact_json.ts";
import { type MessageBytes, parseJson, textOf } from "./message_text.ts";
import { isConnectSchema, schemaWrappers } from "./schema_wrapper.ts";

/**
 * Longest message key. PostgreSQL's primary keys end at 2.7 KB; a Connect schema adds a few hundred bytes per column.
 */
const KEY_BYTES_MAX = 65_536;

/**
 * Makes the reader of message keys that hold exactly `columns`: the key's values as they stand on the wire (a timestamp
 * as text, a numeric as text), in the order of `columns`; integers beyond 2^53 exact. With and without Connect schema.
 *
 * @throws DeserializationError `null_key`, `bad_key`, `not_json`, `not_utf8`, `too_large`, `too_deep`
 */
export function keyReader(source: string, columns: readonly string[]): (bytes: MessageBytes | null) => Key {
  const what = `a key of "${source}"`;
  const unwrap = schemaWrappers(() => null);
  const start = columns.length === 1 ? `{${JSON.stringify(columns[0])}:` : null;
  const startBytes = start === null ? null : new TextEncoder().encode(start);
  return (bytes) => {
    if (bytes === null) throw nullKey(what);
    if (startBytes !== null && typeof bytes !== "string") {
      const quick = integerInBytes(bytes, startBytes);
      if (quick !== null) return quick;
    }
    const whole = textOf(bytes, what, KEY_BYTES_MAX);
    const wrapper = unwrap(whole);
    const text = wrapper === null ? whole : whole.slice(wrapper.prefix.length, -1);
    const quick = start === null ? null : integerInText(text, start);
    return quick ?? keyOfJson(text, { what, columns });
  };
}

/** Names of the key's columns, for telling what a message is; empty if the key is no JSON object. */
export function keyColumnsOf(bytes: MessageBytes | null): string[] {
  if (bytes === null) return [];
  try {
    const value: unknown = payloadOf(JSON.parse(textOf(bytes, "a key", KEY_BYTES_MAX)));
    return typeof value === "object" && value !== null ? Object.keys(value) : [];
  } catch {
    return [];
  }
}

/**
 * The safe integer between `start` and `}`, read from the bytes without making text of them; null if it is not that.
 */
function integerInBytes(bytes: Uint8Array, start: Uint8Array): number | null {
  const length = bytes.length - start.length - 1;
  if (length < 1 || length > 15 || bytes[bytes.length - 1] !== 125) return null;
  for (let index = 0; index < start.length; index++) if (bytes[index] !== start[index]) return null;
  const first = bytes[start.length];
  // A leading zero is no JSON number; a lone 0 and negative ones take the other path.
  if (first === 48) return null;
  let value = 0;
  for (let index = start.length; index < bytes.length - 1; index++) {
    const digit = bytes[index] - 48;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value;
}

/** As {@link integerInBytes}, of text. */
function integerInText(text: string, start: string): number | null {
  const length = text.length - start.length - 1;
  if (length < 1 || length > 15 || text.charCodeAt(text.length - 1) !== 125 || !text.startsWith(start)) return null;
  if (text.charCodeAt(start.length) === 48) return null;
  let value = 0;
  for (let index = start.length; index < text.length - 1; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value;
}

interface KeyContext {
  readonly what: string;
  readonly columns: readonly string[];
}

function keyOfJson(text: string, context: KeyContext): Key {
  const { what, columns } = context;
  const parsed = payloadOf(parseJson(text, what));
  if (parsed === null) throw nullKey(what);
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw badKey(context, shown(parsed));
  const fields = parsed as Record<string, unknown>;
  const names = Object.keys(fields);
  if (names.length !== columns.length || !columns.every((column) => Object.hasOwn(fields, column))) {
    throw badKey(context, `{${shown(names.join(", ")).slice(1, -1)}}`);
  }
  let exact: Record<string, unknown> | null = null;
  const values = columns.map((column) => {
    const value = fields[column];
    if (typeof value === "object" && value !== null) throw badKey(context, `${column}: ${shown(value)}`);
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value === 0 ? 0 : value;
    exact ??= payloadOf(parseExact(text)) as Record<string, unknown>;
    const digits = (exact[column] as NumberText).text;
    if (!/^-?\d{1,19}$/.test(digits)) throw badKey(context, `${column}: ${shown(exact[column])}`);
    return BigInt(digits);
  });
  return values.length === 1 ? keyOfOne(values[0]) : keyOf(values);
}

/** What a Connect schema is wrapped around, if one is. */
function payloadOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return value;
  const { schema, payload } = value as { schema?: unknown; payload?: unknown };
  return payload !== undefined && (schema === null || isConnectSchema(schema)) ? payload : value;
}

function nullKey(what: string): DeserializationError {
  return new DeserializationError(
    "null_key",
    `Cannot read ${what}: the record has none. The table needs a primary key, or the connector message.key.columns`,
  );
}

function badKey({ what, columns }: KeyContext, current: string): DeserializationError {
  return new DeserializationError(
    "bad_key",
    `Cannot read ${what} as the columns ${
      columns.join(", ")
    } (text, integers or booleans): current value is ${current}. ` +
      `Declare the key columns as Debezium writes them`,
  );
}
