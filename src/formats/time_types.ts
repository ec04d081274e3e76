import { type ColumnType, Micros, OtherType, type Refusal, REFUSED, shown, wrongType } from "./column_type.ts";
import { dayText, microsText } from "../record/calendar.ts";
import { DATE32_DAYS, DATETIME64_US } from "../record/integer_range.ts";
import { daysOfDate, hasZone, MICROS_OF_DAY, microsOfTime, microsOfTimestamp } from "./iso_time.ts";

const [DAYS_MIN, DAYS_MAX] = DATE32_DAYS;
const [MICROS_MIN, MICROS_MAX] = DATETIME64_US;
/** PostgreSQL's greatest and usual precision: digits of a second's fraction. */
const PRECISION_MAX = 6;
/** With `time.precision.mode=adaptive` Debezium writes milliseconds up to this precision. */
const MILLISECONDS_PRECISION_MAX = 3;
/** 4713-01-01 BC and 5874897-12-31: days that PostgreSQL's date can hold, counted from 1970. */
const POSTGRES_DAYS = [-2_440_588, 2_145_031_948] as const;

/**
 * timestamp and timestamptz: microseconds since the epoch. Text, or integers: milliseconds for precision 0..3, else
 * microseconds; a timestamptz's text must name its zone.
 * @throws RangeError for a precision outside 0..6
 */
export function timestampType(name: "timestamp" | "timestamptz", precision = PRECISION_MAX): ColumnType<number> {
  const scale = scaleOf(name, precision);
  const fullName = nameOf(name, precision);
  const read = (wire: unknown): number => {
    if (typeof wire === "number") return Number.isInteger(wire) ? wire * scale + 0 : NaN;
    if (wire instanceof Micros) return wire.value + 0;
    if (typeof wire !== "string" || (name === "timestamptz" && !hasZone(wire))) return NaN;
    return microsOfTimestamp(wire);
  };
  const holds = (micros: number): boolean => micros >= MICROS_MIN && micros <= MICROS_MAX;
  return {
    name: fullName,
    exact: null,
    time: { kind: "timestamp", unit: unitOf(scale) },
    precision,
    read(wire) {
      const micros = read(wire);
      return holds(micros) ? micros : REFUSED;
    },
    refusal: (wire) =>
      timeRefusal(wire, {
        name: fullName,
        range: "from 1900-01-01 to 2255-06-05",
        value: read(wire),
        hint: keptAs(wire, `int8(), ${unitOf(scale)} since 1970`) + otherUnit(wire, { name, scale, holds }),
      }),
  };
}

/** date: days since the epoch. Integer days, or text. */
export const dateType: ColumnType<number> = {
  name: "date",
  exact: null,
  time: { kind: "date", unit: "days" },
  read(wire) {
    const days = daysOf(wire);
    return days >= DAYS_MIN && days <= DAYS_MAX ? days : REFUSED;
  },
  refusal: (wire) =>
    timeRefusal(wire, {
      name: "date",
      range: "from 1900-01-01 to 2299-12-31",
      value: daysOf(wire),
      hint: keptAs(wire, "z.int(), days since 1970"),
    }),
};

/**
 * time and timetz: microseconds since midnight UTC, 24:00 included. Text, or integers: milliseconds for precision 0..3,
 * else microseconds.
 * @throws RangeError for a precision outside 0..6
 */
export function timeType(precision = PRECISION_MAX): ColumnType<number> {
  const scale = scaleOf("time", precision);
  const name = nameOf("time", precision);
  const holds = (micros: number): boolean => micros >= 0 && micros <= MICROS_OF_DAY;
  return {
    name,
    exact: null,
    time: { kind: "time", unit: unitOf(scale) },
    read(wire) {
      const micros = timeOf(wire, scale);
      return holds(micros) ? micros : REFUSED;
    },
    refusal(wire) {
      const value = timeOf(wire, scale);
      const other = scale === 1 ? "" : otherUnit(wire, { name: "time", scale, holds });
      const hint = other === "" ? ". Declare a duration (MySQL's TIME) as int8()" : other;
      return timeRefusal(wire, { name, range: "from 00:00:00 to 24:00:00", value, hint });
    },
  };
}

/** Microseconds of an integer's unit. */
function scaleOf(name: string, precision: number): 1 | 1000 {
  if (!Number.isInteger(precision) || precision < 0 || precision > PRECISION_MAX) {
    throw new RangeError(`Cannot use "${precision}" as ${name}'s precision: use 0 to ${PRECISION_MAX}`);
  }
  // A timestamptz is text; its precision says how many digits that has.
  return name !== "timestamptz" && precision <= MILLISECONDS_PRECISION_MAX ? 1000 : 1;
}

function unitOf(scale: 1 | 1000): "milliseconds" | "microseconds" {
  return scale === 1 ? "microseconds" : "milliseconds";
}

function nameOf(name: string, precision: number): string {
  return precision === PRECISION_MAX ? name : `${name}(${precision})`;
}

/** What to do about an integer that is a value in the next smaller unit; empty if it is none. */
function otherUnit(
  wire: unknown,
  { name, scale, holds }: {
    readonly name: string;
    readonly scale: 1 | 1000;
    readonly holds: (micros: number) => boolean;
  },
): string {
  if (typeof wire !== "number" || !Number.isInteger(wire) || !holds((wire * scale) / 1000)) return "";
  return scale === 1
    ? ". If these are nanoseconds, set time.precision.mode=microseconds in the connector"
    : `. If these are microseconds (time.precision.mode=microseconds), declare ${name}()`;
}

/** What to do about a value that ClickHouse's types of times do not hold. `declared`: what reads its integers. */
function keptAs(wire: unknown, declared: string): string {
  const column = typeof wire === "string" ? "z.string(), for a String column" : `${declared}, for a column of integers`;
  return `, which ClickHouse's types of times do not hold. Use null instead, or declare the column as ${column}`;
}

/** A number of days or microseconds as a person writes it, in brackets; empty for what no calendar has. */
function calendar(name: string, value: number): string {
  const text = name === "date" ? dayText(value) : name.startsWith("timestamp") ? microsText(value) : null;
  return text === null ? "" : ` (${text})`;
}

function daysOf(wire: unknown): number {
  if (typeof wire === "string") return daysOfDate(wire);
  return typeof wire === "number" && Number.isInteger(wire) ? wire + 0 : NaN;
}

function timeOf(wire: unknown, scale: 1 | 1000): number {
  if (typeof wire === "string") {
    const micros = microsOfTime(wire);
    // An offset may lead across midnight.
    if (micros < 0) return micros + MICROS_OF_DAY;
    return micros > MICROS_OF_DAY ? micros - MICROS_OF_DAY : micros;
  }
  if (wire instanceof Micros) return wire.value + 0;
  return typeof wire === "number" && Number.isInteger(wire) ? wire * scale + 0 : NaN;
}

interface ExpectedTime {
  readonly name: string;
  readonly range: string;
  /** NaN if the value is none. */
  readonly value: number;
  /** What to do, beginning with a full stop; or empty. */
  readonly hint: string;
}

/**
 * Infinities arrive as text for timestamptz, as two known numbers for timestamp, and for date as numbers without
 * meaning, different in snapshots and in streaming (-622191234, -2147472692): those lie outside of every range and are
 * refused with the rest.
 */
function timeRefusal(wire: unknown, { name, range, value, hint }: ExpectedTime): Refusal {
  if (wire === "infinity" || wire === "-infinity" || wire === 9223372036825200000 || wire === -9223372036832400000) {
    return {
      reason: "not_finite",
      message: `expected a finite ${name}: current value is ${shown(wire)}. Use null instead`,
    };
  }
  if (wire instanceof OtherType) {
    const { reason, message } = wrongType(`a ${name}`, wire);
    return { reason, message: `${message}. Declare the column as its Connect schema says, or as int8()` };
  }
  if (name === "date" && (value < POSTGRES_DAYS[0] || value > POSTGRES_DAYS[1])) {
    const infinite = "which is no day of PostgreSQL's: Debezium writes 'infinity' and '-infinity' so";
    const message = `expected a finite date: current value is ${shown(wire)}, ${infinite}. Use null instead`;
    return { reason: "out_of_range", message };
  }
  const beyond = typeof wire === "string" && /^[+-]\d{4,}-\d\d-\d\d/.test(wire);
  if (!Number.isNaN(value) || beyond) {
    const current = `${shown(wire)}${typeof wire === "string" ? "" : calendar(name, value)}`;
    return { reason: "out_of_range", message: `expected a ${name} ${range}: current value is ${current}${hint}` };
  }
  const zone = name === "timestamptz" && typeof wire === "string" && !Number.isNaN(microsOfTimestamp(wire));
  return zone ? wrongType("a timestamptz with its zone", wire) : wrongType(`a ${name}`, wire);
}
