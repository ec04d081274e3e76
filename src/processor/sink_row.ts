import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { Decimal } from "../record/decimal.ts";
import { LimitError } from "../record/errors.ts";
import { integerRange, type IntegerType, stepMicros, stepsText } from "../record/integer_range.ts";
import { isIPv4, shownIPv6 } from "../record/ip_address.ts";
import { jsonObjectText } from "../record/json_object.ts";
import type { Row } from "../record/row.ts";
import { compareText } from "../record/text_order.ts";
import { timeRangeText } from "../record/time_range_text.ts";
import { UUID } from "./key_guard.ts";

/** Longest part of a text that a refusal quotes. */
const SHOWN_LENGTH_MAX = 100;

/**
 * JSON text of a value for a column.
 * @throws TypeError | RangeError naming the column when the value does not fit its type
 */
export type ColumnEncoder = (value: unknown) => string;

/**
 * Makes the encoder for rows of these columns: a JSON array in column order (JSONCompactEachRow) WITHOUT its closing
 * bracket. Decimals are brought to their column's scale, so equal rows give equal text and one digest.
 *
 * It says what rows look like; those for ClickHouse are written as the bytes of this text by `rowWriter`.
 */
export function rowEncoder(columns: readonly { readonly name: string; readonly type: string }[]): (row: Row) => string {
  const cells = columns.map(({ name, type }) => ({ name, encode: columnEncoder(name, type) }));
  return (row) => `[${cells.map(({ name, encode }) => encode(row[name])).join(",")}`;
}

/** The encoder for one column of a ClickHouse type. @throws TypeError when the text is no type */
export function columnEncoder(name: string, type: string): ColumnEncoder {
  return encoderOf(name, parseClickHouseType(type));
}

function encoderOf(name: string, type: ClickHouseType): ColumnEncoder {
  const { text, nullable } = type;
  const encode = plainEncoder(name, type);
  return (value) => {
    if (value !== null && value !== undefined) return encode(value);
    if (nullable) return "null";
    const advice = value === undefined
      ? "the row has no such column"
      : `declare the column as Nullable(${text}), or map null away`;
    throw new TypeError(`Cannot write column "${name}" as ${text}: current value is ${value}; ${advice}`);
  };
}

/** @throws TypeError with the value, and with `advice` for what is not to be expected of the type */
type Refuse = (value: unknown, advice?: string) => never;

function plainEncoder(name: string, type: ClickHouseType): ColumnEncoder {
  const { bare } = type;
  const refuse: Refuse = (value, advice = "Declare a type that holds it, or map it to a value of this one") => {
    const current = timeRangeText(type, value) ?? shown(value);
    throw new TypeError(`Cannot write column "${name}" as ${bare}: current value is ${current}. ${advice}`);
  };
  switch (type.name) {
    case "Int":
    case "UInt":
      return integerEncoder(type, refuse);
    case "DateTime":
    case "DateTime64":
      return timeEncoder(type, refuse);
    case "Decimal":
      return decimalEncoder(type, refuse);
    case "Float": {
      // Beyond its range ClickHouse makes an infinity of a number, without an error.
      const fits = type.bits === 32 ? (value: number) => Number.isFinite(Math.fround(value)) : Number.isFinite;
      return (value) => typeof value === "number" && fits(value) ? String(value) : refuse(value);
    }
    case "Bool":
      return (value) => typeof value === "boolean" ? String(value) : refuse(value);
    case "Date":
    case "Date32":
      return dateEncoder(type, refuse);
    case "Enum": {
      const texts = new Map(type.elements.map((element) => [element, JSON.stringify(element)]));
      return (value) =>
        texts.get(value as string) ?? refuse(value, "Map it to one of the type's names, or add it there");
    }
    case "IPv4":
      return (value) => typeof value === "string" && isIPv4(value) ? `"${value}"` : refuse(value, IPV4_ADVICE);
    case "IPv6":
      return (value) =>
        typeof value === "string" && shownIPv6(value) === value ? `"${value}"` : refuse(value, ipv6Advice(value));
    case "String":
    case "FixedString":
    case "UUID":
      return (value) => typeof value === "string" ? JSON.stringify(value) : refuse(value);
    case "Other":
      return (value) => refuse(value, "Declare a type that Weir writes");
    case "JSON":
      return (value) => {
        const text = jsonObjectText(value);
        return typeof text === "string" ? text : refuse(value, `ClickHouse's JSON cannot hold it: ${text.unfit}`);
      };
    case "Array": {
      const element = encoderOf(name, type.element);
      return (value) => Array.isArray(value) ? `[${value.map(element).join(",")}]` : refuse(value);
    }
    case "Map":
      return mapEncoder(name, type, refuse);
    case "Tuple":
      return tupleEncoder(name, type, refuse);
  }
}

const IPV4_ADVICE = "Write four numbers without leading zeros (192.168.0.1), or declare IPv6 or String";

function ipv6Advice(value: unknown): string {
  const shown = typeof value !== "string" ? null : shownIPv6(isIPv4(value) ? `::ffff:${value}` : value);
  return shown === null
    ? "Write an IPv6 address, or declare String"
    : `ClickHouse would show ${shown}. Map it to that text, or declare String`;
}

/**
 * An object whose names are the keys. They are sorted, so that equal maps have one text; ClickHouse keeps the order.
 */
function mapEncoder(name: string, type: Extract<ClickHouseType, { name: "Map" }>, refuse: Refuse): ColumnEncoder {
  const encodeKey = keyEncoder(encoderOf(name, type.key), { type: type.key, refuse });
  const encodeValue = encoderOf(name, type.value);
  return (value) => {
    if (!isPlainObject(value)) return refuse(value, "Map it to an object whose names are the map's keys");
    const members = Object.keys(value).sort(compareText).map((key) => `${encodeKey(key)}:${encodeValue(value[key])}`);
    return `{${members.join(",")}}`;
  };
}

/** Of the names of an object: in JSON they are texts, whatever the type of the keys. */
function keyEncoder(
  encode: ColumnEncoder,
  { type, refuse }: { readonly type: ClickHouseType; readonly refuse: Refuse },
): (key: string) => string {
  switch (type.name) {
    case "Int":
    case "UInt":
      return (key) => `"${encode(INTEGER.test(key) ? exactInteger(key) : key)}"`;
    case "UUID":
      return (key) =>
        UUID.test(key) ? encode(key) : refuse(key, "ClickHouse would show this key in lower case. Map it so");
    default:
      return encode;
  }
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;

function exactInteger(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

/** An object with the elements' names, or an array of as many values. */
function tupleEncoder(name: string, type: Extract<ClickHouseType, { name: "Tuple" }>, refuse: Refuse): ColumnEncoder {
  const { names, elements } = type;
  const encoders = elements.map((element, index) =>
    encoderOf(names === null ? `${name}.${index + 1}` : `${name}.${names[index]}`, element)
  );
  if (names === null) {
    return (value) =>
      Array.isArray(value) && value.length === encoders.length
        ? `[${encoders.map((encode, index) => encode(value[index])).join(",")}]`
        : refuse(value, `Map it to an array of ${encoders.length} values`);
  }
  const labels = names.map((element) => `${JSON.stringify(element)}:`);
  return (value) =>
    isPlainObject(value)
      ? `{${encoders.map((encode, index) => labels[index] + encode(value[names[index]])).join(",")}}`
      : refuse(value, `Map it to an object with ${names.join(", ")}`);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}

/** A value with its kind, where its text alone does not tell it. */
function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return `the bigint ${value}`;
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, SHOWN_LENGTH_MAX))}`;
  if (value instanceof Decimal) return `the Decimal ${value}`;
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/**
 * Microseconds as the number of the type's own smallest steps, which is how ClickHouse reads bare digits. Digits that
 * the type would drop are refused.
 */
function timeEncoder(
  type: Extract<ClickHouseType, { name: "DateTime" | "DateTime64" }>,
  refuse: Refuse,
): ColumnEncoder {
  const fits = integerRange(type);
  const steps = stepsText(type);
  const advice = stepMicros(type) === 1 ? undefined : FINE_ADVICE;
  return (value) => isInteger(value) && fits(value) ? steps(Number(value)) : refuse(value, advice);
}

const FINE_ADVICE =
  "It is in microseconds, and digits that the type lacks are not dropped: declare DateTime64(6), or " +
  "map it to a value of this one";

function integerEncoder(type: IntegerType, refuse: Refuse): ColumnEncoder {
  const fits = integerRange(type);
  return (value) => isInteger(value) && fits(value) ? String(value) : refuse(value);
}

function dateEncoder(type: IntegerType, refuse: Refuse): ColumnEncoder {
  const fits = integerRange(type);
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && fits(value)
      ? `"${new Date(value * 86_400_000).toISOString().slice(0, 10)}"`
      : refuse(value);
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === "number" ? Number.isSafeInteger(value) : typeof value === "bigint";
}

function decimalEncoder(
  { precision, scale }: { readonly precision: number; readonly scale: number },
  refuse: Refuse,
): ColumnEncoder {
  const limit = 10 ** precision;
  const bigLimit = 10n ** BigInt(precision);
  return (value) => {
    const decimal = value instanceof Decimal
      ? value
      : typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value))
      ? Decimal.of(value)
      : refuse(value);
    const scaled = decimal.scale === scale ? decimal : rescaled(decimal, scale);
    if (scaled === null) return refuse(value);
    const { units } = scaled;
    const fits = typeof units === "number" ? units < limit && units > -limit : units < bigLimit && units > -bigLimit;
    return fits ? `"${scaled.toString()}"` : refuse(value);
  };
}

/** Null when digits would be lost, or more than a Decimal has would be needed. */
function rescaled(decimal: Decimal, scale: number): Decimal | null {
  try {
    return decimal.rescale(scale);
  } catch (error) {
    if (error instanceof RangeError || error instanceof LimitError) return null;
    throw error;
  }
}
