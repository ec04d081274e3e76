import type { Decimal } from "../record/decimal.ts";
import { type Column, column } from "./column_type.ts";
import { type Int8, int8Type } from "./int8.ts";
import { intType } from "./mysql_types.ts";
import { fineTimeType, fineZonedType } from "./nano_times.ts";
import { numericType } from "./numeric.ts";
import { byteaType, float8Type, uuidType } from "./text_types.ts";
import { dateType } from "./time_types.ts";

/** Fraction digits of DATETIME2 and TIME where none are declared: nanoseconds arrive, in steps of 100. */
const DIGITS_MAX = 7;

/** TINYINT. */
export function tinyint(): Column<number> {
  return column(intType("tinyint"));
}

/** SMALLINT. */
export function smallint(): Column<number> {
  return column(intType("smallint"));
}

/** INT. */
export function int(): Column<number> {
  return column(intType("int"));
}

/** BIGINT: a number, or a bigint where a number would not be exact. */
export function bigint(): Column<Int8> {
  return column({ ...int8Type, name: "bigint" });
}

/**
 * DECIMAL and NUMERIC, exact; `decimal()` is SQL Server's DECIMAL(18, 0).
 * @throws RangeError for a precision outside 1..38 or a scale outside 0..precision
 */
export function decimal(precision = 18, scale = 0): Column<Decimal> {
  return column({ ...numericType(precision, scale), name: `decimal(${precision}, ${scale})` });
}

/** MONEY: four fraction digits. */
export function money(): Column<Decimal> {
  return column({ ...numericType(19, 4), name: "decimal(19, 4)" });
}

/** SMALLMONEY: four fraction digits. */
export function smallmoney(): Column<Decimal> {
  return column({ ...numericType(10, 4), name: "decimal(10, 4)" });
}

/** FLOAT and REAL: a finite number. */
export function float(): Column<number> {
  return column({ ...float8Type, name: "float8" });
}

/** DATE: integer days since the epoch, 1900-01-01 to 2299-12-31. */
export function date(): Column<number> {
  return column(dateType);
}

/** DATETIME and SMALLDATETIME, read as UTC: integer microseconds since the epoch, of milliseconds. */
export function datetime(): Column<number> {
  return column(fineTimeType("datetime", { kind: "timestamp", precision: 3 }));
}

/**
 * DATETIME2(p), read as UTC: integer microseconds since the epoch. Without a precision it has steps of 100 nanoseconds,
 * as in the database, and what is no whole microsecond is refused: declare such a column as `bigint()`.
 * @throws RangeError for a precision outside 0..7
 */
export function datetime2(precision = DIGITS_MAX): Column<number> {
  return column(fineTimeType(named("datetime2", precision), { kind: "timestamp", precision }));
}

/** DATETIMEOFFSET: integer microseconds since the epoch; what is no whole microsecond is refused. */
export function datetimeoffset(): Column<number> {
  return column(fineZonedType("datetimeoffset"));
}

/**
 * TIME(p): integer microseconds since midnight. As for {@link datetime2}.
 * @throws RangeError for a precision outside 0..7
 */
export function time(precision = DIGITS_MAX): Column<number> {
  return column(fineTimeType(named("time", precision), { kind: "time", precision }));
}

/** UNIQUEIDENTIFIER: text in lower case. A key of it cannot be looked up in several partitions. */
export function uniqueidentifier(): Column<string> {
  return column({
    ...uuidType,
    name: "uniqueidentifier",
    forms: { key: () => ({ text: "lower", wire: null, texts: "several" }), write: (value) => value },
  });
}

/** BINARY, VARBINARY, ROWVERSION: base64 text. Declare the connector's `binary.handling.mode` in `format`. */
export function varbinary(): Column<string> {
  return column({ ...byteaType, name: "varbinary" });
}

function named(type: string, precision: number): string {
  if (Number.isInteger(precision) && precision >= 0 && precision <= DIGITS_MAX) return `${type}(${precision})`;
  throw new RangeError(`Cannot use "${precision}" as ${type}'s precision: use 0 to ${DIGITS_MAX}`);
}
