import type { ConnectField } from "../../record/connect_field.ts";
import { quotedText } from "./quoted_text.ts";
import type { Declared } from "./postgres_type.ts";

const DECIMAL = "org.apache.kafka.connect.data.Decimal";

/** By the name that Debezium or Connect gives the type. */
const NAMED: Readonly<Record<string, string>> = {
  "io.debezium.time.Date": "date()",
  "org.apache.kafka.connect.data.Date": "date()",
  // The attached schema says the unit, which then decides.
  "io.debezium.time.Time": "time()",
  "io.debezium.time.MicroTime": "time()",
  "io.debezium.time.NanoTime": "time()",
  "io.debezium.time.ZonedTime": "time()",
  "org.apache.kafka.connect.data.Time": "time()",
  "io.debezium.time.Timestamp": "timestamp()",
  "io.debezium.time.MicroTimestamp": "timestamp()",
  "io.debezium.time.NanoTimestamp": "timestamp()",
  "io.debezium.time.IsoTimestamp": "timestamp()",
  "org.apache.kafka.connect.data.Timestamp": "timestamp()",
  "io.debezium.time.ZonedTimestamp": "timestamptz()",
  "io.debezium.data.Json": "json()",
  "io.debezium.data.Uuid": "uuid()",
  "io.debezium.data.Xml": "z.string()",
  "io.debezium.data.Ltree": "z.string()",
  "io.debezium.data.Bits": "bytea()",
  "io.debezium.data.VariableScaleDecimal": "numeric()",
};
/** By the type, where it has no name. */
const PLAIN: Readonly<Record<string, string>> = {
  boolean: "z.boolean()",
  int8: "z.int()",
  int16: "z.int()",
  int32: "z.int()",
  int64: "int8()",
  float: "float8()",
  float32: "float8()",
  double: "float8()",
  float64: "float8()",
  string: "z.string()",
  bytes: "bytea()",
};

/** How a field of an attached Connect schema is declared, or why it cannot be. */
export function declaredField(field: ConnectField): Declared {
  const { name, type = "?", parameters = {} } = field;
  if (name === DECIMAL) {
    const precision = parameters["connect.decimal.precision"];
    const scale = parameters.scale;
    if (precision === undefined || scale === undefined || Number(precision) > 38) return { expression: "numeric()" };
    return { expression: `numeric(${precision}, ${scale})` };
  }
  if (type === "string" && (name === "io.debezium.data.Enum" || (parameters.allowed ?? "") !== "")) {
    const values = (parameters.allowed ?? "").split(",").filter((value) => value !== "");
    if (name === "io.debezium.data.EnumSet") return { expression: `mysql.set(${values.map(quotedText).join(", ")})` };
    return values.length === 0
      ? { expression: "z.string()" }
      : { expression: `z.enum([${values.map(quotedText).join(", ")}])` };
  }
  if (name !== undefined && Object.hasOwn(NAMED, name)) return { expression: NAMED[name] };
  if (type === "array" && field.items !== undefined) {
    const element = declaredField(field.items);
    return "refused" in element ? element : { ...element, expression: `z.array(${element.expression})` };
  }
  // Others give names of their own to plain types, or titles.
  if (!/^(?:io\.debezium|org\.apache\.kafka\.connect)\./.test(name ?? "") && Object.hasOwn(PLAIN, type)) {
    return { expression: PLAIN[type] };
  }
  return { refused: `${name ?? type} has no type in Weir` };
}
