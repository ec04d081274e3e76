import type { KeyWire } from "../record/key_column.ts";
import { zonedText } from "../record/producer_key.ts";
import { type ColumnType, Micros, NumberText, OtherType, REFUSED, shown, wrongType } from "./column_type.ts";
import { timestampType, timeType } from "./time_types.ts";
import type { WireFormat } from "./wire_format.ts";

/** Fraction digits of milliseconds and of microseconds; more are nanoseconds. */
const MILLISECONDS_DIGITS = 3;
const MICROSECONDS_DIGITS = 6;
/** Digits of a text's fraction behind the sixth, other than zeros. */
const FINER = /\.\d{6}\d*[1-9]/;

const UNITS: Readonly<Record<string, (value: number) => unknown>> = {
  "io.debezium.time.Timestamp": (value) => new Micros(value * 1000),
  "io.debezium.time.Time": (value) => new Micros(value * 1000),
  "io.debezium.time.MicroTimestamp": (value) => new Micros(value),
  "io.debezium.time.MicroTime": (value) => new Micros(value),
};
const NANOS = new Set(["io.debezium.time.NanoTimestamp", "io.debezium.time.NanoTime"]);

/**
 * A time or a timestamp without zone of a database that has finer ones than microseconds: `precision` says in which
 * unit integers arrive, milliseconds for 0..3, microseconds for 4..6, nanoseconds beyond. What is no whole microsecond
 * is refused, never rounded. `name`: as the database writes the type.
 */
export function fineTimeType(
  name: string,
  { kind, precision }: { readonly kind: "time" | "timestamp"; readonly precision: number },
): ColumnType<number> {
  const digits = Math.min(precision, MICROSECONDS_DIGITS);
  const base = kind === "time" ? timeType(digits) : timestampType("timestamp", digits);
  const renamed = (text: string) => text.replaceAll(kind === "time" ? "time()" : "timestamp", name);
  if (precision <= MICROSECONDS_DIGITS) {
    const refusal: ColumnType<number>["refusal"] = (wire) => {
      const { reason, message } = base.refusal(wire);
      return { reason, message: renamed(message) };
    };
    return { ...base, name, refusal, forms: coarseForms(precision) };
  }
  return {
    name,
    exact: "unsafe_integers",
    read(wire) {
      const micros = microsOf(wire);
      return micros === null ? REFUSED : base.read(micros);
    },
    refusal(wire) {
      if (isFine(wire)) {
        const told = `expected a ${name}: current value is ${shown(wire)}, which is no whole number of microseconds`;
        return { reason: "out_of_range", message: `${told}. Declare the column as int8(), nanoseconds since 1970` };
      }
      const micros = microsOf(wire);
      const { reason, message } = micros === null ? wrongType(`a ${name}`, wire) : base.refusal(micros);
      return { reason, message: renamed(message) };
    },
    forms: {
      declared: () => null,
      convert: ({ name: semantic }) => {
        if (semantic === undefined || NANOS.has(semantic)) return null;
        const unit = Object.hasOwn(UNITS, semantic)
          ? UNITS[semantic]
          : (value: unknown) => new OtherType(semantic, value);
        return (wire) => typeof wire === "number" ? unit(wire) : wire;
      },
      key: () => ({ wire: null, texts: "several" }),
      write: (value) => typeof value === "number" ? BigInt(value) * 1000n : value,
    },
  };
}

/** Of milliseconds and microseconds, as of PostgreSQL's types. */
function coarseForms(precision: number): ColumnType<number>["forms"] {
  const millis = precision <= MILLISECONDS_DIGITS;
  const inMillis = ({ times = "adaptive" }: WireFormat) => times === "connect" || (millis && times === "adaptive");
  const wireOf = (format: WireFormat): KeyWire | null => {
    if (format.times === "isostring") return null;
    return { kind: inMillis(format) ? "milliseconds" : "plain" };
  };
  return {
    key: (format) => ({ wire: wireOf(format) }),
    write: (value, format) => typeof value === "number" && inMillis(format) ? value / 1000 : value,
  };
}

/** What the type of microseconds reads: a text that is no finer, or microseconds; null for anything else. */
function microsOf(wire: unknown): string | Micros | null {
  if (wire instanceof Micros) return wire;
  if (typeof wire === "string") return FINER.test(wire) ? null : wire;
  const nanos = nanosIn(wire);
  return nanos === null || nanos % 1000n !== 0n ? null : new Micros(Number(nanos / 1000n));
}

function nanosIn(wire: unknown): bigint | null {
  if (typeof wire === "bigint") return wire;
  if (wire instanceof NumberText) return /^-?\d{1,19}$/.test(wire.text) ? BigInt(wire.text) : null;
  return typeof wire === "number" && Number.isSafeInteger(wire) ? BigInt(wire) : null;
}

function isFine(wire: unknown): boolean {
  if (typeof wire === "string") return FINER.test(wire);
  const nanos = nanosIn(wire);
  return nanos !== null && nanos % 1000n !== 0n;
}

/** A timestamp with its zone, a text; digits behind the sixth are refused, never cut off. */
export function fineZonedType(name: string): ColumnType<number> {
  const base = timestampType("timestamptz");
  return {
    name,
    exact: null,
    read: (wire) => typeof wire === "string" && !FINER.test(wire) ? base.read(wire) : REFUSED,
    refusal(wire) {
      if (typeof wire === "string" && FINER.test(wire)) {
        const told = `expected a ${name}: current value is ${shown(wire)}, which is no whole number of microseconds`;
        return { reason: "out_of_range", message: `${told}. Declare the column as z.string()` };
      }
      const { reason, message } = typeof wire === "string" ? base.refusal(wire) : wrongType(`a ${name} as text`, wire);
      return { reason, message: message.replaceAll("timestamptz", name) };
    },
    forms: {
      convert: () => null,
      // The zone is the writer's own.
      key: () => ({ wire: null, texts: "several" }),
      write: (value) => typeof value === "number" ? zonedText(value, MICROSECONDS_DIGITS) : value,
    },
  };
}
