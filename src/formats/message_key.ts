import type { ConnectField } from "../record/connect_field.ts";
import { DeserializationError } from "../record/errors.ts";
import { type Key, keyOf } from "../record/key.ts";
import { columnTypeOf, NumberText, REFUSED, shown } from "./column_type.ts";
import { type Converts, convertsOf, someOrNull } from "./connect_schema.ts";
import { isUnsafe, parseExact, parseIntegers } from "./exact_json.ts";
import { readsIntegers } from "./key_form.ts";
import { type KeyReadColumn, keyScanner } from "./key_scanner.ts";
import { type MessageBytes, parseJson, textOf } from "./message_text.ts";
import { problemOf } from "./row_reader.ts";
import { schemaWrappers, wrappedIn } from "./schema_wrapper.ts";

/**
 * Longest message key. PostgreSQL's primary keys end at 2.7 KB; a Connect schema adds a few hundred bytes per column.
 */
const KEY_BYTES_MAX = 65_536;

const DECLARE = "Declare the key columns as Debezium writes them";
const NO_OBJECT = "It has no columns, which only a key of one column may lack: remove the transformation that takes " +
  "the key apart (ExtractField$Key)";

/** Which keys are read. */
export interface KeySpec {
  readonly columns: readonly KeyReadColumn[];
  /** Whatever stands where the object of columns should is the value of the only column. */
  readonly bare: boolean;
  /** The key is no JSON, but the text or the digits of the only column's value. */
  readonly text: boolean;
  /** False: every key is read as text. */
  readonly scans: boolean;
}

/**
 * Reads message keys that hold exactly the columns of a {@link KeySpec}: every value as its column's reader makes it of
 * any form on the wire. With and without Connect schema; a key of one column also as that column's value alone.
 *
 * @throws DeserializationError `null_key`, `bad_key`, `not_json`, `not_utf8`, `too_large`, `too_deep`
 */
export interface KeyReader {
  /** The values in the order of the columns, made one canonical key. */
  key(bytes: MessageBytes | null): Key;
  /** The values themselves. */
  values(bytes: MessageBytes | null): readonly unknown[];
}

/** Makes the reader of one topic's keys. */
export function keyReader(source: string, { columns, bare, text: plainText, scans }: KeySpec): KeyReader {
  const what = `a key of "${source}"`;
  const declared = someOrNull(columns.map((column) => column.declared));
  const forms = columns.map(({ name, column }) => ({
    name,
    time: column?.time ?? null,
    binary: column?.binary ?? null,
    forms: column?.forms ?? null,
  }));
  const schemaConverts = (schema: ConnectField): Converts => convertsOf(forms, schema.fields ?? []);
  const unwrap = schemaWrappers(schemaConverts);
  const [{ name, column }] = columns;
  const quick = !plainText && columns.length === 1 && readsIntegers(column?.schema) ? integerKey(name) : null;
  const scan = scans && !plainText ? keyScanner(columns) : null;
  const textContext: KeyContext = { what, columns, bare: true, text: true, converts: declared, schemaConverts };
  const partsOf = (bytes: MessageBytes): { text: string; context: KeyContext } => {
    const whole = textOf(bytes, what, KEY_BYTES_MAX);
    if (plainText) return { text: jsonOfText(whole, columns[0]), context: textContext };
    const wrapper = unwrap(whole);
    const text = wrapper === null ? whole : whole.slice(wrapper.prefix.length, -1);
    return {
      text,
      context: {
        what,
        columns,
        bare,
        text: false,
        converts: wrapper?.schema ? wrapper.made : declared,
        schemaConverts,
      },
    };
  };
  return {
    key(bytes) {
      if (bytes === null) throw nullKey(what);
      const integer = quick === null ? null : quick(bytes);
      if (integer !== null) return integer;
      const scanned = scan === null || bytes.length > KEY_BYTES_MAX ? null : scan(bytes);
      if (scanned !== null) return scanned;
      const { text, context } = partsOf(bytes);
      return keyOfJson(text, context);
    },
    values(bytes) {
      if (bytes === null) throw nullKey(what);
      const { text, context } = partsOf(bytes);
      return valuesOfJson(text, context);
    },
  };
}

/** A key that is a text as the JSON that its column reads: a text where it reads such, else what stands there. */
function jsonOfText(text: string, { column }: KeyReadColumn): string {
  return column === null || column.read(text) !== REFUSED ? JSON.stringify(text) : text;
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

/** Makes the reader of keys `{"id":17}` with the column `name` and a safe integer; null for any other key. */
function integerKey(name: string): (bytes: MessageBytes) => number | null {
  const start = `{${JSON.stringify(name)}:`;
  const startBytes = new TextEncoder().encode(start);
  return (bytes) => typeof bytes === "string" ? integerInText(bytes, start) : integerInBytes(bytes, startBytes);
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

interface KeyContext extends Omit<KeySpec, "scans"> {
  readonly what: string;
  /** Of the schema that was taken off already. */
  readonly converts: Converts;
  readonly schemaConverts: (schema: ConnectField) => Converts;
  /** What to do about a key that cannot be read; {@link DECLARE} if absent. */
  readonly advice?: string;
}

function keyOfJson(text: string, context: KeyContext): Key {
  const values = valuesOfJson(text, context);
  try {
    return keyOf(values);
  } catch (error) {
    if (error instanceof TypeError) throw badKey(context, error.message.slice(0, 200));
    throw error;
  }
}

function valuesOfJson(text: string, context: KeyContext): unknown[] {
  const { columns } = context;
  const whole = parseJson(text, context.what);
  const form = formOf(whole, context);
  const { converts } = form;
  const fields = fieldsIn(whole, form);
  const names = Object.keys(fields);
  if (names.length !== columns.length || !columns.every(({ name }) => Object.hasOwn(fields, name))) {
    const advice = adviceOn(fields, columns);
    throw badKey({ ...context, advice }, `{${shown(names.join(", ")).slice(1, -1)}}`);
  }
  const exact: { numbers?: Record<string, unknown>; integers?: Record<string, unknown> } = {};
  return columns.map(({ name, column }, index) => {
    let wire = fields[name];
    const rounded = column === null ? unsafeNumber(wire) : column.rounded?.(wire);
    if (rounded) {
      const again = column?.exact === "integers"
        ? exact.integers ??= fieldsIn(parseIntegers(text), form)
        : exact.numbers ??= fieldsIn(parseExact(text), form);
      wire = again[name];
    }
    const convert = converts === null ? null : converts[index];
    if (convert !== null) wire = convert(wire);
    // An integer whose last digits are lost, and that its column would take: two keys would be one.
    const lost = column !== null && column.rounded === null && isUnsafe(wire);
    const value = column === null ? plainValue(wire) : lost ? REFUSED : column.read(wire);
    if (value === REFUSED) throw refusedKey(context, { name, column, wire });
    return value;
  });
}

/** How a key is written: with a schema or without, as an object of columns or as one column's value. */
interface KeyForm {
  readonly wrapped: boolean;
  /** The column whose value is the whole key; null for an object of columns. */
  readonly bare: string | null;
  readonly converts: Converts;
}

function formOf(whole: unknown, context: KeyContext): KeyForm {
  const { columns, bare, schemaConverts } = context;
  const [{ name }] = columns;
  // A schema that does not stand first was not taken off before.
  const wrapper = wrappedIn(whole, isTyped);
  const wrapped = wrapper !== null;
  const payload = wrapped ? wrapper.payload : whole;
  const schema = wrapped ? wrapper.schema : null;
  if (payload === null) throw nullKey(context.what);
  const plain = typeof payload !== "object" || Array.isArray(payload);
  if (columns.length === 1 && (bare ? plain || !Object.hasOwn(payload, name) : typeof payload !== "object")) {
    const converts = schema === null ? context.converts : schemaConverts({ fields: [{ ...schema, field: name }] });
    return { wrapped, bare: name, converts };
  }
  if (plain) throw badKey({ ...context, advice: NO_OBJECT }, shown(payload));
  return { wrapped, bare: null, converts: schema === null ? context.converts : schemaConverts(schema) };
}

/** The columns of a key, parsed in whatever way. */
function fieldsIn(whole: unknown, { wrapped, bare }: KeyForm): Record<string, unknown> {
  const payload = wrapped ? (whole as { payload: unknown }).payload : whole;
  return bare === null ? payload as Record<string, unknown> : { [bare]: payload };
}

/** A Connect schema of any type: a key may be one value. */
function isTyped(schema: unknown): schema is ConnectField {
  return typeof schema === "object" && schema !== null && typeof (schema as ConnectField).type === "string";
}

function unsafeNumber(wire: unknown): boolean {
  return typeof wire === "number" && !Number.isSafeInteger(wire);
}

/** Text, integers and booleans; integers beyond 2^53 with all their digits. */
function plainValue(wire: unknown): unknown {
  if (wire instanceof NumberText) return /^-?\d{1,19}$/.test(wire.text) ? BigInt(wire.text) : REFUSED;
  return typeof wire === "object" && wire !== null ? REFUSED : wire;
}

function refusedKey(
  context: KeyContext,
  { name, column, wire }: { readonly name: string; readonly column: KeyReadColumn["column"]; readonly wire: unknown },
): DeserializationError {
  const foreign = column === null || columnTypeOf(column.schema) === null;
  if (foreign && (typeof wire === "bigint" || isUnsafe(wire))) {
    const advice = "Declare the column as int8()";
    return badKey({ ...context, advice }, `${name}: an integer beyond 2^53, which the schema does not hold exactly`);
  }
  const problem = column === null ? null : problemOf({ name, schema: column.schema, asked: false }, wire);
  return badKey(context, problem === null ? `${name}: ${shown(wire)}` : `${problem.path}: ${problem.text}`);
}

/** What a Connect schema is wrapped around, if one is. */
function payloadOf(value: unknown): unknown {
  const wrapper = wrappedIn(value);
  return wrapper === null ? value : wrapper.payload;
}

function nullKey(what: string): DeserializationError {
  return new DeserializationError(
    "null_key",
    `Cannot read ${what}: the record has none. The table needs a primary key, or the connector message.key.columns ` +
      "(for a hypertable, of its chunks: _timescaledb_internal.*:time,device)",
  );
}

function badKey({ what, columns, advice = DECLARE }: KeyContext, current: string): DeserializationError {
  return new DeserializationError(
    "bad_key",
    `Cannot read ${what} as the columns ${columns.map(({ name }) => name).join(", ")}: current value is ${current}. ` +
      advice,
  );
}

/** What to do about a key of other columns. */
function adviceOn(fields: Record<string, unknown>, columns: readonly KeyReadColumn[]): string {
  const more = Object.keys(fields).filter((name) => !columns.some((column) => column.name === name));
  if (!columns.every(({ name }) => Object.hasOwn(fields, name)) || more.length === 0) return DECLARE;
  return `${DECLARE}: ${
    shown(more.join(", ")).slice(1, -1)
  }, too. A column that a transformation added to the key alone ` +
    "(ByLogicalTableRouter) is declared in key and row, as z.string()";
}
