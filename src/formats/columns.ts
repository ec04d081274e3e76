import { type Decimal, DECIMAL_DIGITS_MAX } from "../record/decimal.ts";
import { type Column, column } from "./column_type.ts";
import { charType, citextType } from "./compared_texts.ts";
import { type Int8, int8Type } from "./int8.ts";
import { numericType } from "./numeric.ts";
import { byteaType, float8Type, jsonType, uuidType } from "./text_types.ts";
import { dateType, timestampType, timeType } from "./time_types.ts";
import { WIDE_DIGITS_MAX, wideIntegerType } from "./wide_integer.ts";

/**
 * Column types for the zod schema of a source: each reads every form in which Debezium may write a PostgreSQL type, and
 * gives one. Everything of zod works with them (`.nullable()`, `z.array(...)`, `.pick()`, `z.output`); plain zod types
 * serve for the rest (`z.string()` for text, varchar, inet, ranges; `z.boolean()`; `z.int()`; `z.enum()`). Nullable
 * columns must say so.
 *
 * @example z.object({ id: int8(), status: z.enum(["new", "paid"]), total: numeric(12, 2), note: z.string().nullable(),
 * at: timestamptz() })
 */
export type { Column } from "./column_type.ts";
export type { Int8 } from "./int8.ts";

/**
 * bigint, integer, smallint: a number, or a bigint where a number would not be exact (beyond 2^53). The type for every
 * column that may hold integers beyond 2^53: a `z.number()` refuses them.
 */
export function int8(): Column<Int8> {
  return column(int8Type);
}

/** @ignore Digits of a numeric that is an integer, or nothing that can be exact. */
export type WidePrecision =
  | 39
  | 40
  | 41
  | 42
  | 43
  | 44
  | 45
  | 46
  | 47
  | 48
  | 49
  | 50
  | 51
  | 52
  | 53
  | 54
  | 55
  | 56
  | 57
  | 58
  | 59
  | 60
  | 61
  | 62
  | 63
  | 64
  | 65
  | 66
  | 67
  | 68
  | 69
  | 70
  | 71
  | 72
  | 73
  | 74
  | 75
  | 76
  | 77
  | 78;

/**
 * numeric of 39 to 78 digits without a fraction, as `numeric(78, 0)` for the integers of 256 bits: a number, or a
 * bigint where a number would not be exact (beyond 2^53), for columns such as `UInt256`. What does not fit is refused.
 * @throws RangeError for a scale other than 0
 */
export function numeric(precision: WidePrecision, scale?: 0): Column<Int8>;
/**
 * numeric and money, exact. Declare precision and scale as in the database: the value has exactly that scale and one
 * that does not fit is refused; without them, it keeps the scale it arrives with. NaN, infinities and more than 38
 * digits are refused.
 *
 * Without an attached Connect schema use `decimal.handling.mode=string`. Base64 of mode `precise` is read where the
 * scale is above 0, but for texts of digits alone, which could be plain numbers, too: those are refused.
 * @throws RangeError for a precision outside 1..38 or a scale outside 0..precision
 */
export function numeric(precision?: number, scale?: number): Column<Decimal>;
export function numeric(precision?: number, scale?: number): Column<Decimal> | Column<Int8> {
  const wide = precision !== undefined && precision > DECIMAL_DIGITS_MAX && precision <= WIDE_DIGITS_MAX;
  if (wide && Number.isInteger(precision) && (scale ?? 0) === 0) return column(wideIntegerType(precision));
  return column(numericType(precision, scale));
}

/**
 * timestamptz: integer microseconds since the epoch, 1900 to 2255-06-05. Infinities and what lies outside are refused.
 * The precision matters for a key that is looked up in several partitions: `timestamptz(3)` as in the database.
 * @throws RangeError for a precision outside 0..6
 */
export function timestamptz(precision = 6): Column<number> {
  return column(timestampType("timestamptz", precision));
}

/**
 * timestamp without time zone, read as UTC: integer microseconds since the epoch, 1900 to 2255-06-05.
 *
 * `precision` says in which unit integers arrive: milliseconds for 0..3, microseconds for 4..6. An attached Connect
 * schema says it better: then it decides, whatever is declared. ISO text is read with every precision. Without a schema
 * declare, by the connector's `time.precision.mode`:
 *
 * | mode | timestamp(0) to timestamp(3) | other timestamps |
 * |---|---|---|
 * | `adaptive` (the default), `adaptive_time_microseconds` | as in the database: `timestamp(3)` | `timestamp()` |
 * | `microseconds`, `isostring` | `timestamp()` | `timestamp()` |
 * | `connect` | `timestamp(3)` | `timestamp(3)` |
 *
 * @throws RangeError for a precision outside 0..6
 */
export function timestamp(precision = 6): Column<number> {
  return column(timestampType("timestamp", precision));
}

/** date: integer days since the epoch, 1900-01-01 to 2299-12-31. Infinities and what lies outside are refused. */
export function date(): Column<number> {
  return column(dateType);
}

/**
 * time, and timetz in UTC: integer microseconds since midnight, 24:00 included.
 *
 * `precision` says in which unit integers arrive, as for {@link timestamp}: milliseconds for 0..3, microseconds for
 * 4..6. Declare it as in the database with `time.precision.mode=adaptive`, always `time(3)` with `connect`, always
 * `time()` with `adaptive_time_microseconds`, `microseconds` and `isostring`. A timetz always arrives as text.
 *
 * @throws RangeError for a precision outside 0..6
 */
export function time(precision = 6): Column<number> {
  return column(timeType(precision));
}

/** json and jsonb: the JSON text, unread. SQL null is null (declare `.nullable()`), a JSON null is the text "null". */
export function json(): Column<string> {
  return column(jsonType);
}

/** uuid: text in lower case. */
export function uuid(): Column<string> {
  return column(uuidType);
}

/**
 * bytea and bit strings: base64 text. Where the connector's `binary.handling.mode` is another, or values could be read
 * as hexadecimal, too ("deadbeef"), declare it: `debezium(topic, { ..., format: { binary: "hex" } })`. What is read is
 * base64 in every mode. Bit strings are base64 in every mode of the connector.
 */
export function bytea(): Column<string> {
  return column(byteaType);
}

/**
 * double precision and real: a finite number. NaN and infinities are refused, and integers that it would round: those
 * are no doubles of the database.
 */
export function float8(): Column<number> {
  return column(float8Type);
}

/**
 * citext: text in lower case, as PostgreSQL compares it, so that 'ABC' and 'abc' are one key, one foreign key and one
 * group. The spelling in capitals is not kept.
 */
export function citext(): Column<string> {
  return column(citextType);
}

/**
 * char(n): text without the blanks at its end, which PostgreSQL does not compare. With the length as in the database,
 * a table with such a key can be looked up in several partitions.
 * @throws RangeError for a length that is no positive integer
 */
export function char(length?: number): Column<string> {
  return column(charType(length));
}
