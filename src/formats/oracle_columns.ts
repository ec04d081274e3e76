import type { Decimal } from "../record/decimal.ts";
import { type Column, column } from "./column_type.ts";
import { type Int8, int8Type } from "./int8.ts";
import { fineTimeType, fineZonedType } from "./nano_times.ts";
import { numericType } from "./numeric.ts";
import { byteaType, float8Type } from "./text_types.ts";
import { wideIntegerType } from "./wide_integer.ts";

/** Digits of NUMBER; integers of fewer than these arrive as numbers of JSON, others as decimals. */
const NUMBER_MAX = 38;
const INTEGER_DIGITS = 19;
const DIGITS_MAX = 9;

/** NUMBER without precision and FLOAT, whose values have a scale each: exact, with the scale they arrive with. */
export function number(): Column<Decimal>;
/**
 * NUMBER(P), INTEGER (P is 38), and NUMBER of a negative scale: a number, or a bigint where a number would not be
 * exact.
 */
export function number(precision: number): Column<Int8>;
/**
 * NUMBER(P, S), exact. The forms of `decimal.handling.mode` are read as those of PostgreSQL's numeric: use `string`
 * where no schema is attached.
 * @throws RangeError for a precision outside 1..38 or a scale outside 0..precision
 */
export function number(precision: number, scale: number): Column<Decimal>;
export function number(precision?: number, scale?: number): Column<Decimal> | Column<Int8> {
  if (precision === undefined) return column(numericType());
  const name = `number(${precision}, ${scale ?? 0})`;
  if (!Number.isInteger(precision) || precision < 1 || precision > NUMBER_MAX) {
    throw new RangeError(`Cannot use ${name}: use 1 to ${NUMBER_MAX} digits`);
  }
  if (scale !== undefined) return column({ ...numericType(precision, scale), name });
  if (precision >= INTEGER_DIGITS) return column({ ...wideIntegerType(precision), name });
  return column({ ...int8Type, name });
}

/** BINARY_FLOAT and BINARY_DOUBLE: a finite number. */
export function binaryDouble(): Column<number> {
  return column(float8Type);
}

/** DATE, which has a time: integer microseconds since the epoch, of seconds, read as UTC. */
export function date(): Column<number> {
  return column(fineTimeType("date", { kind: "timestamp", precision: 0 }));
}

/**
 * TIMESTAMP(p), read as UTC: integer microseconds since the epoch; beyond 6 digits nanoseconds arrive, and what is no
 * whole microsecond is refused.
 * @throws RangeError for a precision outside 0..9
 */
export function timestamp(precision = 6): Column<number> {
  if (!Number.isInteger(precision) || precision < 0 || precision > DIGITS_MAX) {
    throw new RangeError(`Cannot use "${precision}" as timestamp's precision: use 0 to ${DIGITS_MAX}`);
  }
  return column(fineTimeType(`timestamp(${precision})`, { kind: "timestamp", precision }));
}

/** TIMESTAMP WITH TIME ZONE, WITH LOCAL TIME ZONE: integer microseconds since the epoch. */
export function timestampWithTimeZone(): Column<number> {
  return column(fineZonedType("timestamp with time zone"));
}

/** INTERVAL, with `interval.handling.mode=numeric`: integer microseconds. */
export function interval(): Column<Int8> {
  return column({ ...int8Type, name: "interval" });
}

/** RAW and BLOB: base64 text. Declare the connector's `binary.handling.mode` in `format`. */
export function raw(): Column<string> {
  return column({ ...byteaType, name: "raw" });
}
