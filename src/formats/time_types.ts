import { type ColumnType, type Refusal, REFUSED, shown, wrongType } from "./column_type.ts";
import { daysOfDate, hasZone, MICROS_OF_DAY, microsOfTime, microsOfTimestamp } from "./iso_time.ts";

/** 1900-01-01: before it ClickHouse's Date32 and DateTime64 cannot hold a value. In days since the epoch. */
const DAYS_MIN = -25_567;
/** 2299-12-31, the last day of Date32. In days since the epoch. */
const DAYS_MAX = 120_529;
/** 1900-01-01T00:00:00Z in microseconds since the epoch. */
const MICROS_MIN = DAYS_MIN * MICROS_OF_DAY;
/** 2255-06-05T23:47:34.740991Z: DateTime64(6) reaches further, but beyond it microseconds are no exact numbers. */
const MICROS_MAX = Number.MAX_SAFE_INTEGER;

/**
 * timestamp and timestamptz: microseconds since the epoch. Text, or integer microseconds; a timestamptz's text must
 * name its zone.
 */
export function timestampType(name: "timestamp" | "timestamptz"): ColumnType<number> {
  const read = (wire: unknown): number => {
    if (typeof wire === "number") return Number.isInteger(wire) ? wire + 0 : NaN;
    if (typeof wire !== "string" || (name === "timestamptz" && !hasZone(wire))) return NaN;
    return microsOfTimestamp(wire);
  };
  return {
    name,
    exact: null,
    read(wire) {
      const micros = read(wire);
      return micros >= MICROS_MIN && micros <= MICROS_MAX ? micros : REFUSED;
    },
    refusal: (wire) => timeRefusal(wire, { name, range: "from 1900-01-01 to 2255-06-05", value: read(wire) }),
  };
}

/** date: days since the epoch. Integer days, or text. */
export const dateType: ColumnType<number> = {
  name: "date",
  exact: null,
  read(wire) {
    const days = daysOf(wire);
    return days >= DAYS_MIN && days <= DAYS_MAX ? days : REFUSED;
  },
  refusal: (wire) => timeRefusal(wire, { name: "date", range: "from 1900-01-01 to 2299-12-31", value: daysOf(wire) }),
};

/** time and timetz: microseconds since midnight UTC, 24:00 included. Integer microseconds, or text. */
export const timeType: ColumnType<number> = {
  name: "time",
  exact: null,
  read(wire) {
    const micros = timeOf(wire);
    return micros >= 0 && micros <= MICROS_OF_DAY ? micros : REFUSED;
  },
  refusal: (wire) => timeRefusal(wire, { name: "time", range: "from 00:00:00 to 24:00:00", value: timeOf(wire) }),
};

function daysOf(wire: unknown): number {
  if (typeof wire === "string") return daysOfDate(wire);
  return typeof wire === "number" && Number.isInteger(wire) ? wire + 0 : NaN;
}

function timeOf(wire: unknown): number {
  if (typeof wire === "string") {
    const micros = microsOfTime(wire);
    // An offset may lead across midnight.
    if (micros < 0) return micros + MICROS_OF_DAY;
    return micros > MICROS_OF_DAY ? micros - MICROS_OF_DAY : micros;
  }
  return typeof wire === "number" && Number.isInteger(wire) ? wire + 0 : NaN;
}

/**
 * Infinities arrive as text for timestamptz, as two known numbers for timestamp, and for date as numbers without
 * meaning, different in snapshots and in streaming (-622191234, -2147472692): those lie outside of every range and are
 * refused with the rest.
 */
function timeRefusal(wire: unknown, expected: { name: string; range: string; value: number }): Refusal {
  const { name, range, value } = expected;
  if (wire === "infinity" || wire === "-infinity" || wire === 9223372036825200000 || wire === -9223372036832400000) {
    return {
      reason: "not_finite",
      message: `expected a finite ${name}: current value is ${shown(wire)}. Use null instead`,
    };
  }
  const beyond = typeof wire === "string" && /^[+-]\d{4,}-\d\d-\d\d/.test(wire);
  if (!Number.isNaN(value) || beyond) {
    return { reason: "out_of_range", message: `expected a ${name} ${range}: current value is ${shown(wire)}` };
  }
  const zone = name === "timestamptz" && typeof wire === "string" && !Number.isNaN(microsOfTimestamp(wire));
  return zone ? wrongType("a timestamptz with its zone", wire) : wrongType(`a ${name}`, wire);
}
