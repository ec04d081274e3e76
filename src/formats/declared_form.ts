import type { ConnectField } from "../record/connect_field.ts";
import type { z } from "zod";
import { exactnessOf, innerSchemas, NESTED_SCHEMAS_MAX } from "./column_reader.ts";
import { type ColumnType, columnTypeOf, NumberText } from "./column_type.ts";
import { type Convert, convertOf, type Converts, someOrNull, type WireColumn } from "./connect_schema.ts";
import type { WireFormat } from "./key_form.ts";

const TIMES: Readonly<Record<"microseconds" | "connect", Readonly<Record<"time" | "timestamp", string>>>> = {
  microseconds: { time: "io.debezium.time.MicroTime", timestamp: "io.debezium.time.MicroTimestamp" },
  connect: { time: "org.apache.kafka.connect.data.Time", timestamp: "org.apache.kafka.connect.data.Timestamp" },
};

/** A column as far as its form on the wire goes. */
interface FormColumn extends WireColumn {
  readonly schema: z.core.$ZodType;
}

/**
 * What is done to a column's values without a schema first: what the schema would say, if the connector with this
 * format attached one. Null if nothing.
 */
export function declaredConvert(column: FormColumn, format: WireFormat | undefined): Convert | null {
  // No connector wrote it: a text of digits is no base64.
  if (format?.plain === true && exactnessOf(column.schema)?.form === "numbers") return plainDecimals;
  const field = format === undefined ? null : fieldOf(column.schema, { format, depth: 0 });
  return field === null ? null : convertOf(field, column);
}

function plainDecimals(wire: unknown): unknown {
  if (typeof wire === "string") return new NumberText(wire);
  return Array.isArray(wire) ? wire.map(plainDecimals) : wire;
}

/** As {@link declaredConvert}, of all columns in their order. */
export function declaredConverts(columns: readonly FormColumn[], format: WireFormat | undefined): Converts {
  return someOrNull(columns.map((column) => declaredConvert(column, format)));
}

/** Of the column type that `schema` is made of, wherever it stands in it; of its elements where it is a list. */
function fieldOf(
  schema: z.core.$ZodType,
  { format, depth }: { readonly format: WireFormat; readonly depth: number },
): ConnectField | null {
  const type = columnTypeOf(schema);
  if (type !== null) return typeField(type, format);
  if (depth > NESTED_SCHEMAS_MAX) return null;
  const { element } = schema._zod.def as { element?: z.core.$ZodType };
  if (element !== undefined) {
    const items = fieldOf(element, { format, depth: depth + 1 });
    return items === null ? null : { type: "array", items };
  }
  for (const inner of innerSchemas(schema)) {
    const field = fieldOf(inner, { format, depth: depth + 1 });
    if (field !== null) return field;
  }
  return null;
}

function typeField(type: ColumnType<unknown>, format: WireFormat): ConnectField | null {
  if (type.forms?.declared !== undefined) return type.forms.declared(format);
  const { scale, time, binary: bytes } = type;
  const { decimals, times, binary } = format;
  if (bytes === true) return binary === undefined ? null : { type: "string" };
  if (scale !== undefined && decimals === "precise") {
    return { type: "bytes", name: "org.apache.kafka.connect.data.Decimal", parameters: { scale: String(scale) } };
  }
  if (time === undefined || time.kind === "date") return null;
  return times === "microseconds" || times === "connect" ? { type: "int64", name: TIMES[times][time.kind] } : null;
}
