import type { Decimal } from "../record/decimal.ts";
import { type Column, column } from "./column_type.ts";
import { type Int8, int8Type } from "./int8.ts";
import { datetimeType, durationType, refusingZero, yearType, type ZeroDates, zonedType } from "./mysql_times.ts";
import {
  bitsType,
  bitType,
  boolType,
  compactJsonType,
  floatType,
  intType,
  setType,
  unsignedBigintType,
} from "./mysql_types.ts";
import { numericType } from "./numeric.ts";
import { byteaType, float8Type } from "./text_types.ts";
import { dateType } from "./time_types.ts";
import { wideIntegerType } from "./wide_integer.ts";

/** Digits of MySQL's DECIMAL; of those with a fraction as many are held as a Decimal has. */
const DECIMAL_MAX = 65;
const FRACTION_DIGITS_MAX = 38;

/** @ignore Digits of a DECIMAL that is an integer, or nothing that can be exact. */
export type WideDecimal =
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
  | 65;

/** Options of {@link date} and {@link datetime}. */
export interface ZeroDateOptions {
  /**
   * Debezium writes a zero date (`0000-00-00`) as null where the column may be null, else as the column's default, or
   * as the beginning of 1970, which is therefore refused. `none`: the database has no zero dates (`NO_ZERO_DATE`), so
   * that is a day as any other. Default: `possible`.
   */
  readonly zeroDates?: ZeroDates;
}

export type { ZeroDates } from "./mysql_times.ts";

/**
 * TINYINT, UNSIGNED or not. Also TINYINT(1), of which Debezium writes the integer: with TinyIntOneToBooleanConverter
 * and for 0 and 1 alone declare {@link bool}.
 */
export function tinyint(): Column<number> {
  return column(intType("tinyint"));
}

/** SMALLINT, UNSIGNED or not. */
export function smallint(): Column<number> {
  return column(intType("smallint"));
}

/** MEDIUMINT, UNSIGNED or not. */
export function mediumint(): Column<number> {
  return column(intType("mediumint"));
}

/** INT, UNSIGNED or not, of any display width. */
export function int(): Column<number> {
  return column(intType("int"));
}

/**
 * BIGINT: a number, or a bigint where a number would not be exact. `bigint("unsigned")` refuses what
 * `bigint.unsigned.handling.mode=long` makes of values beyond 9223372036854775807; with mode `precise` and without an
 * attached schema, declare `format: { unsignedBigints: "precise" }`.
 */
export function bigint(sign?: "unsigned"): Column<Int8> {
  return column(sign === "unsigned" ? unsignedBigintType : { ...int8Type, name: "bigint" });
}

/** BOOL, BOOLEAN and TINYINT(1) that hold 0 and 1 alone. Other integers are refused. */
export function bool(): Column<boolean> {
  return column(boolType);
}

/** DECIMAL(M) of 39 to 65 digits: a number, or a bigint where a number would not be exact. */
export function decimal(precision: WideDecimal, scale?: 0): Column<Int8>;
/**
 * DECIMAL and NUMERIC, exact; `decimal()` is MySQL's DECIMAL(10, 0). The forms of `decimal.handling.mode` are read as
 * those of PostgreSQL's numeric: use `string` where no schema is attached.
 * @throws RangeError for a precision outside 1..65, more than 38 digits with a fraction, a scale beyond the precision
 */
export function decimal(precision?: number, scale?: number): Column<Decimal>;
export function decimal(precision = 10, scale = 0): Column<Decimal> | Column<Int8> {
  const name = `decimal(${precision}, ${scale})`;
  const digitsMax = scale === 0 ? DECIMAL_MAX : FRACTION_DIGITS_MAX;
  const counts = Number.isInteger(precision) && Number.isInteger(scale) && scale >= 0 && scale <= precision;
  if (!counts || precision < 1 || precision > digitsMax) {
    throw new RangeError(
      `Cannot use ${name}: use 1 to ${FRACTION_DIGITS_MAX} digits, or up to ${DECIMAL_MAX} without a fraction, which ` +
        "gives integers. Declare others as z.string(), with decimal.handling.mode=string",
    );
  }
  if (precision > FRACTION_DIGITS_MAX) return column({ ...wideIntegerType(precision), name });
  return column({ ...numericType(precision, scale), name });
}

/**
 * FLOAT: a number of the six digits that MySQL prints, since a snapshot has no others. FLOAT(M, D): `float(D)`.
 * DOUBLE and DECIMAL are exact.
 * @throws RangeError for a number of decimals outside 0..30
 */
export function float(decimals?: number): Column<number> {
  if (decimals !== undefined && !(Number.isInteger(decimals) && decimals >= 0 && decimals <= 30)) {
    throw new RangeError(`Cannot use "${decimals}" as float's decimals: use 0 to 30`);
  }
  return column(floatType(decimals ?? null));
}

/** DOUBLE, DOUBLE PRECISION, REAL: a finite number. */
export function double(): Column<number> {
  return column({ ...float8Type, name: "double" });
}

/** @ignore Bits of a BIT whose integer may not be exact as a number. */
export type WideBits = 54 | 55 | 56 | 57 | 58 | 59 | 60 | 61 | 62 | 63 | 64;

/** BIT(1): true or false. */
export function bit(length?: 1): Column<boolean>;
/** BIT of 54 to 64 bits: a number, or a bigint where a number would not be exact. */
export function bit(length: WideBits): Column<Int8>;
/**
 * BIT(n): the bits as an unsigned integer, as MySQL's `b + 0`.
 * @throws RangeError for a length outside 1..64
 */
export function bit(length: number): Column<number>;
export function bit(length = 1): Column<boolean> | Column<Int8> | Column<number> {
  if (!Number.isInteger(length) || length < 1 || length > 64) {
    throw new RangeError(`Cannot use "${length}" as bit's length: use 1 to 64`);
  }
  return length === 1 ? column(bitType) : column(bitsType(length));
}

/** BINARY, VARBINARY, BLOB of any size: base64 text. Declare the connector's `binary.handling.mode` in `format`. */
export function blob(): Column<string> {
  return column({ ...byteaType, name: "blob" });
}

/** As {@link blob}; a BINARY(n) is filled up with zero bytes. */
export function binary(): Column<string> {
  return column({ ...byteaType, name: "binary" });
}

/** As {@link blob}. */
export function varbinary(): Column<string> {
  return column({ ...byteaType, name: "varbinary" });
}

/**
 * SET: its members, in the order of their declaration. ENUM is `z.enum([...])`.
 * @throws TypeError for no member, a member twice, or one with a comma
 */
export function set<const M extends string>(...members: readonly M[]): Column<M[]> {
  if (members.length === 0 || new Set(members).size !== members.length || members.some((one) => one.includes(","))) {
    throw new TypeError(`Cannot use [${members.join("; ")}] as a set's members: name each once, without commas`);
  }
  return column(setType(members)) as Column<M[]>;
}

/** DATE: integer days since the epoch, 1900-01-01 to 2299-12-31. */
export function date({ zeroDates = "possible" }: ZeroDateOptions = {}): Column<number> {
  return column(refusingZero(dateType, zeroDates));
}

/**
 * DATETIME, which has no zone, read as UTC: integer microseconds since the epoch, 1900 to 2255-06-05. `precision`: as
 * in the database, 0 for a bare DATETIME; without an attached schema it says in which unit integers arrive.
 * @throws RangeError for a precision outside 0..6
 */
export function datetime(precision = 0, { zeroDates = "possible" }: ZeroDateOptions = {}): Column<number> {
  return column(refusingZero(datetimeType(precision), zeroDates));
}

/**
 * TIMESTAMP: integer microseconds since the epoch. `precision`: as in the database, 0 for a bare TIMESTAMP. A zero
 * timestamp of a column that is NOT NULL is refused.
 * @throws RangeError for a precision outside 0..6
 */
export function timestamp(precision = 0): Column<number> {
  if (!Number.isInteger(precision) || precision < 0 || precision > 6) {
    throw new RangeError(`Cannot use "${precision}" as timestamp's precision: use 0 to 6`);
  }
  return column(zonedType(precision));
}

/**
 * TIME, which is a duration: integer microseconds, from -838:59:59 to 838:59:59. Needs
 * `time.precision.mode=adaptive_time_microseconds`, the connector's default: others write null for what is no time of
 * a day.
 */
export function time(): Column<number> {
  return column(durationType);
}

/** YEAR: 1901 to 2155. */
export function year(): Column<number> {
  return column(yearType);
}

/** JSON: its text without blanks between the parts, of which a snapshot has others than changes have. */
export function json(): Column<string> {
  return column(compactJsonType);
}
