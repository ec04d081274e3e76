import { NumberText } from "./column_type.ts";

/** A field of a Kafka Connect schema as JsonConverter writes it. */
export interface ConnectField {
  readonly type?: string;
  /** Semantic type: `io.debezium.time.Timestamp`. */
  readonly name?: string;
  readonly field?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly fields?: readonly ConnectField[];
  readonly items?: ConnectField;
}

/** Brings a value into the form that the column types expect of values without schema. */
export type Convert = (wire: unknown) => unknown;

/** The fields of the row: of `after` in an envelope's schema, else the schema's own. */
export function rowFields(schema: ConnectField): readonly ConnectField[] {
  const fields = schema.fields ?? [];
  const envelope = fields.some((field) => field.field === "op" && field.type === "string");
  const after = envelope ? fields.find((field) => field.field === "after" && field.type === "struct") : undefined;
  return after?.fields ?? fields;
}

/**
 * What has to be done to values of `field` before a column type reads them: decimals get their scale, milliseconds and
 * nanoseconds become microseconds; null if nothing. PostgreSQL has no nanoseconds, so the nearest microsecond is the
 * exact one, although nanoseconds since the epoch exceed 2^53.
 */
export function convertOf(field: ConnectField): Convert | null {
  switch (field.name) {
    case "org.apache.kafka.connect.data.Decimal":
      return decimal(Number(field.parameters?.scale));
    case "io.debezium.time.Timestamp":
    case "org.apache.kafka.connect.data.Timestamp":
    case "io.debezium.time.Time":
    case "org.apache.kafka.connect.data.Time":
      return scaled((millis) => millis * 1000);
    case "io.debezium.time.NanoTimestamp":
    case "io.debezium.time.NanoTime":
      return scaled((nanos) => Math.round(nanos / 1000));
  }
  if (field.type !== "array" || field.items === undefined) return null;
  const element = convertOf(field.items);
  return element && ((wire) => Array.isArray(wire) ? wire.map(element) : wire);
}

/** Base64 gets its scale; numbers (`decimal.format=NUMERIC`) carry theirs. */
function decimal(scale: number): Convert | null {
  return Number.isInteger(scale) ? (wire) => typeof wire === "string" ? { scale, value: wire } : wire : null;
}

function scaled(convert: (value: number) => number): Convert {
  return (wire) => {
    if (wire instanceof NumberText) return convert(Number(wire.text));
    return typeof wire === "number" ? convert(wire) : wire;
  };
}
