import type { z } from "zod";
import { columnTypeOf, type TimeForm } from "./column_type.ts";
import { type ConnectField, type Convert, convertOf } from "./connect_schema.ts";
import type { WireFormat } from "./key_form.ts";

const TIMES: Readonly<Record<"microseconds" | "connect", Readonly<Record<"time" | "timestamp", string>>>> = {
  microseconds: { time: "io.debezium.time.MicroTime", timestamp: "io.debezium.time.MicroTimestamp" },
  connect: { time: "org.apache.kafka.connect.data.Time", timestamp: "org.apache.kafka.connect.data.Timestamp" },
};

/** A column as far as its form on the wire goes. */
interface FormColumn {
  readonly schema: z.core.$ZodType;
  readonly time: TimeForm | null;
}

/**
 * What is done to a column's values without a schema first: what the schema would say, if the connector with this
 * format attached one. Null if nothing.
 */
export function declaredConvert({ schema, time }: FormColumn, format: WireFormat | undefined): Convert | null {
  const field = format === undefined ? null : fieldOf(schema, { time, format });
  return field === null ? null : convertOf(field, time);
}

/** As {@link declaredConvert}, of all columns in their order; null if nothing is to be done to any. */
export function declaredConverts(
  columns: readonly FormColumn[],
  format: WireFormat | undefined,
): readonly (Convert | null)[] | null {
  const converts = columns.map((column) => declaredConvert(column, format));
  return converts.some((convert) => convert !== null) ? converts : null;
}

function fieldOf(
  schema: z.core.$ZodType,
  { time, format }: { readonly time: TimeForm | null; readonly format: WireFormat },
): ConnectField | null {
  const { innerType, element } = schema._zod.def as { innerType?: z.core.$ZodType; element?: z.core.$ZodType };
  if (element !== undefined) {
    const items = fieldOf(element, { time, format });
    return items === null ? null : { type: "array", items };
  }
  if (innerType !== undefined) return fieldOf(innerType, { time, format });
  const scale = /^numeric\(\d+, (\d+)\)$/.exec(columnTypeOf(schema)?.name ?? "")?.[1];
  if (scale !== undefined && format.decimals === "precise") {
    return { type: "bytes", name: "org.apache.kafka.connect.data.Decimal", parameters: { scale } };
  }
  if (time === null || time.kind === "date") return null;
  const { times } = format;
  return times === "microseconds" || times === "connect" ? { type: "int64", name: TIMES[times][time.kind] } : null;
}
