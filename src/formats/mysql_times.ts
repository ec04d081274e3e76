import { zonedText } from "../record/producer_key.ts";
import { type ColumnType, OtherType, type Refusal, REFUSED, shown, wrongType } from "./column_type.ts";
import { hasZone, microsOfTimestamp } from "./iso_time.ts";
import { timestampType } from "./time_types.ts";
import type { Convert, TypeForms } from "./wire_format.ts";

const ADAPTIVE = "set time.precision.mode=adaptive_time_microseconds in the connector";
/** Microseconds of 838:59:59.999999, the ends of MySQL's TIME. */
const TIME_MAX = ((838 * 60 + 59) * 60 + 60) * 1_000_000 - 1;
const YEAR_MIN = 1901;
const YEAR_MAX = 2155;

/** Whether the beginning of 1970 is that day, or may be a zero date, which is refused. */
export type ZeroDates = "none" | "possible";

/** YEAR. The year 0000 comes as 1900 with changes, and cannot be told from 2000 in a snapshot. */
export const yearType: ColumnType<number> = {
  name: "year",
  exact: null,
  read: (wire) => Number.isInteger(wire) && wire as number >= YEAR_MIN && wire as number <= YEAR_MAX ? wire : REFUSED,
  refusal(wire): Refusal {
    const { reason, message } = wrongType(`a year from ${YEAR_MIN} to ${YEAR_MAX}`, wire);
    if (!Number.isInteger(wire)) return { reason, message };
    const zero = wire === 1900 || wire === 0 ? ", as the year 0000 is written. Use null instead" : "";
    return { reason: "out_of_range", message: `${message}${zero}` };
  },
} as ColumnType<number>;

/** TIME: microseconds, from -838:59:59 to 838:59:59. */
export const durationType: ColumnType<number> = {
  name: "time",
  exact: null,
  time: { kind: "time", unit: "microseconds" },
  read: (wire) => Number.isInteger(wire) && Math.abs(wire as number) <= TIME_MAX ? wire as number + 0 : REFUSED,
  refusal(wire): Refusal {
    const current = wire instanceof OtherType ? shown(wire.value) : shown(wire);
    const message = `expected a time in microseconds, from -838:59:59 to 838:59:59: current value is ${current}`;
    if (Number.isInteger(wire)) return { reason: "out_of_range", message };
    const why = "With connect and isostring times outside of one day arrive as null";
    return { reason: "wrong_type", message: `${message}. ${why}: ${ADAPTIVE}` };
  },
  forms: {
    declared: ({ times }) =>
      times === "connect" || times === "isostring" ? { type: "string", name: `time.precision.mode=${times}` } : null,
    convert: ({ name }) => name === undefined || name === MICRO_TIME ? null : other(name),
    key: () => ({ wire: { kind: "plain" } }),
    write: (value) => value,
  },
};

const MICRO_TIME = "io.debezium.time.MicroTime";

function other(name: string): Convert {
  return (wire) => wire === null || wire === undefined ? wire : new OtherType(name, wire);
}

/** TIMESTAMP: microseconds since the epoch, of a text with its zone. The zero timestamp comes as the epoch. */
export function zonedType(precision: number): ColumnType<number> {
  const name = precision === 0 ? "timestamp" : `timestamp(${precision})`;
  const { read, refusal } = timestampType("timestamptz", 6);
  return {
    name,
    exact: null,
    read(wire) {
      const micros = typeof wire === "string" ? read(wire) : REFUSED;
      return micros === 0 ? REFUSED : micros;
    },
    refusal(wire): Refusal {
      if (typeof wire === "string" && hasZone(wire) && microsOfTimestamp(wire) === 0) return zeroRefusal(name, wire);
      const { reason, message } = typeof wire === "string" ? refusal(wire) : wrongType(`a ${name} as text`, wire);
      return { reason, message: message.replaceAll("timestamptz", name) };
    },
    forms: {
      convert: () => null,
      // A snapshot leaves out zeros at the end, which changes have.
      key: () => precision === 0 ? { wire: { kind: "zoned", precision } } : { wire: null, texts: "several" },
      write: (value) => typeof value === "number" ? zonedText(value, precision) : value,
    },
  };
}

/** A type of dates or times of which zero may stand for a zero date. */
export function refusingZero(type: ColumnType<number>, zeroDates: ZeroDates): ColumnType<number> {
  if (zeroDates === "none") return type;
  return {
    ...type,
    zeroRefused: true,
    read(wire) {
      const value = type.read(wire);
      return value === 0 ? REFUSED : value;
    },
    refusal: (wire) => type.read(wire) === 0 ? zeroRefusal(type.name, wire) : type.refusal(wire),
  };
}

function zeroRefusal(name: string, wire: unknown): Refusal {
  const message =
    `expected a ${name}: current value is ${shown(wire)}, as which Debezium also writes the zero date of ` +
    "a column that is NOT NULL. Make the column nullable, then it is null";
  const kept = name.startsWith("timestamp") ? "" : ', or declare { zeroDates: "none" } where the database has none';
  return { reason: "zero_date", message: `${message}${kept}` };
}

/** DATETIME. More digits than the mode `connect` keeps must not be read from it. */
export function datetimeType(precision: number): ColumnType<number> {
  const type = timestampType("timestamp", precision);
  return {
    ...type,
    name: precision === 0 ? "datetime" : `datetime(${precision})`,
    ...precision > MILLISECONDS_DIGITS && { forms: microForms },
    refusal(wire) {
      if (wire instanceof OtherType && wire.semantic === CONNECT_TIMESTAMP) {
        const message = `expected a datetime(${precision}): current value is ${shown(wire.value)}, and ` +
          `time.precision.mode=connect has cut off its microseconds: ${ADAPTIVE}`;
        return { reason: "wrong_type", message };
      }
      const { reason, message } = type.refusal(wire);
      return { reason, message: message.replaceAll("timestamp", "datetime") };
    },
  };
}

const MILLISECONDS_DIGITS = 3;
const CONNECT_TIMESTAMP = "org.apache.kafka.connect.data.Timestamp";

const microForms: TypeForms = {
  declared: ({ times }) => times === "connect" ? { type: "int64", name: CONNECT_TIMESTAMP } : null,
  convert({ name }) {
    if (name === CONNECT_TIMESTAMP) return other(name);
    return name === "io.debezium.time.Timestamp" ? (wire) => typeof wire === "number" ? wire * 1000 : wire : null;
  },
  key: ({ times }) => ({ wire: times === "connect" || times === "isostring" ? null : { kind: "plain" } }),
  write: (value) => value,
};
