import { type BinaryMode, BinaryText, Micros, NumberText, OtherType, type TimeForm } from "./column_type.ts";
import type { ConnectField } from "../record/connect_field.ts";
import type { Convert, TypeForms } from "./wire_format.ts";

export type { Convert } from "./wire_format.ts";

/** What is done to each column's values first, in the order of the columns; null if nothing is to be done to any. */
export type Converts = readonly (Convert | null)[] | null;

/** What a column is, as far as the form of its values on the wire goes. */
export interface WireColumn {
  readonly time: TimeForm | null;
  /** How its bytes are written as text; null for a column that is not of bytes. */
  readonly binary: BinaryMode | "undeclared" | null;
  /** Of a type of another database than PostgreSQL. */
  readonly forms: TypeForms | null;
}

/** What the fields of a schema say of these columns. */
export function convertsOf(
  columns: readonly (WireColumn & { readonly name: string })[],
  fields: readonly ConnectField[],
): Converts {
  const byName = new Map(fields.map((field) => [field.field, field]));
  return someOrNull(columns.map((column) => {
    const field = byName.get(column.name);
    return field === undefined ? null : convertOf(field, column);
  }));
}

/** Null instead of a list of nothing but nulls. */
export function someOrNull(converts: readonly (Convert | null)[]): Converts {
  return converts.some((convert) => convert !== null) ? converts : null;
}

/** The fields of the row: of `after` in an envelope's schema, else the schema's own. */
export function rowFields(schema: ConnectField): readonly ConnectField[] {
  return rowSchema(schema).fields ?? [];
}

/** What the row's schema says for people. */
export function rowDoc(schema: ConnectField): string | undefined {
  return rowSchema(schema).doc;
}

function rowSchema(schema: ConnectField): ConnectField {
  const fields = schema.fields ?? [];
  const envelope = fields.some((field) => field.field === "op" && field.type === "string");
  const after = envelope ? fields.find((field) => field.field === "after" && field.type === "struct") : undefined;
  return after?.fields === undefined ? schema : after;
}

/** What Debezium's and Connect's types of times count. */
const SEMANTICS: Readonly<Record<string, Semantic>> = {
  "io.debezium.time.Date": { kind: "date", unit: "days" },
  "org.apache.kafka.connect.data.Date": { kind: "date", unit: "days" },
  "io.debezium.time.Time": { kind: "time", unit: "milliseconds" },
  "org.apache.kafka.connect.data.Time": { kind: "time", unit: "milliseconds" },
  "io.debezium.time.MicroTime": { kind: "time", unit: "microseconds" },
  "io.debezium.time.NanoTime": { kind: "time", unit: "nanoseconds" },
  "io.debezium.time.Timestamp": { kind: "timestamp", unit: "milliseconds" },
  "org.apache.kafka.connect.data.Timestamp": { kind: "timestamp", unit: "milliseconds" },
  "io.debezium.time.MicroTimestamp": { kind: "timestamp", unit: "microseconds" },
  "io.debezium.time.NanoTimestamp": { kind: "timestamp", unit: "nanoseconds" },
  // Numbers that are no moments: a column of times must not take them for some.
  "io.debezium.time.Year": { kind: "year", unit: "years" },
  "io.debezium.time.MicroDuration": { kind: "duration", unit: "microseconds" },
  "io.debezium.time.NanoDuration": { kind: "duration", unit: "nanoseconds" },
};

interface Semantic {
  readonly kind: TimeForm["kind"] | "year" | "duration";
  readonly unit: TimeForm["unit"] | "nanoseconds" | "years";
}

/** Microseconds of values in each unit of a time or timestamp; null: they are that. */
const TO_MICROS: Readonly<Record<Semantic["unit"], ((value: number) => number) | null>> = {
  milliseconds: (millis) => millis * 1000,
  nanoseconds: (nanos) => Math.round(nanos / 1000),
  microseconds: null,
  days: null,
  years: null,
};

/**
 * What has to be done to values of `field` before a column reads them: decimals get their scale, milliseconds and
 * nanoseconds become microseconds, bytes are told how they are written, what is no time of the column's kind becomes an
 * {@link OtherType}; null if nothing. PostgreSQL has no nanoseconds, so the nearest microsecond is the exact one,
 * although nanoseconds since the epoch exceed 2^53.
 */
export function convertOf(field: ConnectField, column: WireColumn): Convert | null {
  const { time, forms } = column;
  if (forms?.convert !== undefined) return forms.convert(field);
  if (field.name === "org.apache.kafka.connect.data.Decimal") return decimal(Number(field.parameters?.scale));
  const semantic = field.name !== undefined && Object.hasOwn(SEMANTICS, field.name) ? SEMANTICS[field.name] : null;
  if (semantic !== null) return timeConvert(field.name!, { semantic, time });
  if (column.binary !== null) {
    // Connect's own bytes are base64 in JSON, whatever the connector's setting.
    const mode = field.type === "bytes" ? "bytes" : field.type === "string" ? column.binary : "undeclared";
    if (mode !== "undeclared") return (wire) => typeof wire === "string" ? new BinaryText(mode, wire) : wire;
  }
  if (field.type !== "array" || field.items === undefined) return null;
  const element = convertOf(field.items, column);
  return element && ((wire) => Array.isArray(wire) ? wire.map(element) : wire);
}

function timeConvert(
  name: string,
  { semantic, time }: { readonly semantic: Semantic; readonly time: TimeForm | null },
): Convert | null {
  const toMicros = semantic.kind === "time" || semantic.kind === "timestamp" ? TO_MICROS[semantic.unit] : null;
  if (time === null) return toMicros && ofNumbers(toMicros);
  if (semantic.kind !== time.kind) return ofNumbers((value) => new OtherType(name, value));
  // A plain number would be taken for milliseconds.
  if (time.unit === "milliseconds") {
    return ofNumbers((value) => new Micros(toMicros === null ? value : toMicros(value)));
  }
  return toMicros && ofNumbers(toMicros);
}

/** Base64 gets its scale; numbers (`decimal.format=NUMERIC`) carry theirs. */
function decimal(scale: number): Convert | null {
  return Number.isInteger(scale) ? (wire) => typeof wire === "string" ? { scale, value: wire } : wire : null;
}

function ofNumbers(convert: (value: number) => unknown): Convert {
  return (wire) => {
    if (typeof wire === "number") return convert(wire);
    if (typeof wire === "bigint") return convert(Number(wire));
    return wire instanceof NumberText ? convert(Number(wire.text)) : wire;
  };
}
