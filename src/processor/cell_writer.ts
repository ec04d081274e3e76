import type { ByteWriter } from "../record/byte_writer.ts";
import { type ClickHouseType, parseClickHouseType } from "../record/clickhouse_type.ts";
import { Decimal } from "../record/decimal.ts";
import { POWERS } from "../record/decimal_text.ts";
import {
  digitsBeyondMicros,
  integerBounds,
  integerRange,
  type IntegerType,
  stepMicros,
} from "../record/integer_range.ts";
import type { ColumnEncoder } from "./sink_row.ts";

/**
 * Writes the JSON of a value for a column.
 * @throws TypeError | RangeError naming the column when the value does not fit its type
 */
export type CellWriter = (out: ByteWriter, value: unknown) => void;

/**
 * An encoder of a column of this type as bytes: what it writes is the UTF-8 of the encoder's text. Common values are
 * written as bytes at once; all others, also those that are refused, are left to the encoder.
 * @throws TypeError when the text is no type
 */
export function cellWriter(text: string, encode: ColumnEncoder): CellWriter {
  const type = parseClickHouseType(text);
  switch (type.name) {
    case "Int":
    case "UInt":
      return integerWriter(type, encode);
    case "DateTime":
    case "DateTime64":
      return timeWriter(type, encode);
    case "Date":
    case "Date32":
      return dateWriter(type, encode);
    case "Decimal":
      return decimalWriter(type, encode);
    case "String":
    case "FixedString":
    case "UUID":
      return (out, value) => {
        if (typeof value === "string") out.text(value);
        else out.raw(encode(value));
      };
    default:
      return textWriter(encode);
  }
}

/** Writes whatever a {@link ColumnEncoder} gives. */
export function textWriter(encode: ColumnEncoder): CellWriter {
  return (out, value) => out.raw(encode(value));
}

function integerWriter(type: IntegerType, encode: ColumnEncoder): CellWriter {
  // Beyond 2^53 they are rounded, which no safe integer meets.
  const [low, high] = integerBounds(type).map(Number);
  return (out, value) => {
    if (typeof value === "number" && value >= low && value <= high && Number.isSafeInteger(value)) out.integer(value);
    else out.raw(encode(value));
  };
}

function dateWriter(type: IntegerType, encode: ColumnEncoder): CellWriter {
  const fits = integerRange(type);
  return (out, value) => {
    if (typeof value === "number" && Number.isInteger(value) && fits(value)) out.date(value);
    else out.raw(encode(value));
  };
}

function timeWriter(
  type: Extract<ClickHouseType, { name: "DateTime" | "DateTime64" }>,
  encode: ColumnEncoder,
): CellWriter {
  if (digitsBeyondMicros(type) > 0) return textWriter(encode);
  const fits = integerRange(type);
  const step = stepMicros(type);
  return (out, value) => {
    if (typeof value === "number" && Number.isSafeInteger(value) && fits(value)) out.integer(value / step);
    else out.raw(encode(value));
  };
}

function decimalWriter(
  { precision, scale }: { readonly precision: number; readonly scale: number },
  encode: ColumnEncoder,
): CellWriter {
  if (scale >= POWERS.length) return textWriter(encode);
  const limit = 10 ** precision;
  return (out, value) => {
    if (value instanceof Decimal && value.scale === scale) {
      const { units } = value;
      if (typeof units === "number" && units < limit && units > -limit) return out.decimal(units, scale);
    }
    out.raw(encode(value));
  };
}
