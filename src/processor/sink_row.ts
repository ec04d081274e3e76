import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { Decimal } from "../record/decimal.ts";
import { LimitError } from "../record/errors.ts";
import type { Row } from "../record/row.ts";
import { literal, specialised } from "../record/specialised.ts";
import { integerRange, type IntegerType, timeText } from "./integer_range.ts";

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
 * Compiled: a loop over the columns takes 1.24 times as long (`deno run --allow-read tests/bench/compiled.ts`).
 */
export function rowEncoder(columns: readonly { readonly name: string; readonly type: string }[]): (row: Row) => string {
  const encoders = columns.map((column, index) => [`encode${index}`, columnEncoder(column.name, column.type)] as const);
  const parts = columns.map((column, index) => `encode${index}(row[${literal(column.name)}])`);
  return specialised(Object.fromEntries(encoders), ["row"], `return "[" + ${parts.join(' + "," + ') || '""'};`);
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

function plainEncoder(name: string, type: ClickHouseType): ColumnEncoder {
  const { bare } = type;
  const refuse = (value: unknown): never => {
    throw new TypeError(
      `Cannot write column "${name}" as ${bare}: current value is ${timeText(type, value) ?? shown(value)}. ` +
        "Declare a type that holds it, or map it to a value of this one",
    );
  };
  switch (type.name) {
    case "Int":
    case "UInt":
      return integerEncoder(type, refuse);
    case "DateTime64":
      // Of other precisions values are texts: a number of them would not say its unit.
      return type.precision === 6 ? integerEncoder(type, refuse) : textEncoder(refuse);
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
    case "Array": {
      const element = encoderOf(name, type.element);
      return (value) => Array.isArray(value) ? `[${value.map(element).join(",")}]` : refuse(value);
    }
    case "String":
    case "FixedString":
    case "UUID":
    case "Other":
      return textEncoder(refuse);
  }
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

function textEncoder(refuse: (value: unknown) => never): ColumnEncoder {
  return (value) => typeof value === "string" ? JSON.stringify(value) : refuse(value);
}

function integerEncoder(type: IntegerType, refuse: (value: unknown) => never): ColumnEncoder {
  const fits = integerRange(type);
  return (value) => isInteger(value) && fits(value) ? String(value) : refuse(value);
}

function dateEncoder(type: IntegerType, refuse: (value: unknown) => never): ColumnEncoder {
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
  refuse: (value: unknown) => never,
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
