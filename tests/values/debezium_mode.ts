/** Settings of a Debezium connector that decide how values are written. */
export interface DebeziumMode {
  /** `decimal.handling.mode` */
  readonly decimals: "string" | "precise" | "double";
  /** `time.precision.mode` */
  readonly times: "adaptive" | "microseconds" | "connect" | "isostring";
  /** `key.converter.schemas.enable` and `value.converter.schemas.enable` */
  readonly schemas: boolean;
}

/** A Kafka Connect schema of one field, without its name. */
export interface FieldSchema {
  readonly type: string;
  readonly name?: string;
  readonly version?: number;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly fields?: readonly unknown[];
}

/** How one column is written: its JSON text from PostgreSQL's text, and its schema. */
export interface WireForm {
  readonly schema: FieldSchema;
  json(text: string): string;
}

/** Of the types that differ by mode; `precision`: fraction digits of the type's seconds. */
export type PostgresType =
  | { readonly is: "integer"; readonly bits: 16 | 32 | 64 }
  | { readonly is: "numeric"; readonly scale: number | null }
  | { readonly is: "text"; readonly name?: string }
  | { readonly is: "date" | "timestamptz" | "boolean" | "float8" | "bytea" }
  | { readonly is: "timestamp" | "time"; readonly precision: number };

/**
 * How Debezium 3.6 writes a column of the type. Sources: Debezium's documentation of the PostgreSQL connector ("Data
 * type mappings"), Kafka Connect's JsonConverter, and records of both in `tests/fixtures/debezium`.
 */
export function wireForm(type: PostgresType, mode: DebeziumMode): WireForm {
  switch (type.is) {
    case "integer":
      return { schema: { type: `int${type.bits}` }, json: (text) => text };
    case "numeric":
      return numericForm(type.scale, mode);
    case "text":
      return { schema: { type: "string", ...(type.name ? { name: type.name, version: 1 } : {}) }, json: jacksonText };
    case "boolean":
      return { schema: { type: "boolean" }, json: (text) => text === "t" ? "true" : "false" };
    case "float8":
      return { schema: { type: "double" }, json: javaDouble };
    case "bytea":
      return { schema: { type: "bytes" }, json: (text) => JSON.stringify(base64OfHex(text.slice(2))) };
    case "date":
      return dateForm(mode);
    case "timestamptz":
      return {
        schema: { type: "string", name: "io.debezium.time.ZonedTimestamp", version: 1 },
        json: (text) => JSON.stringify(isoMicros(microsOf(text.replace(/\+00$/, "")), 6)),
      };
    case "timestamp":
    case "time":
      return timeForm(type, mode);
  }
}

function numericForm(scale: number | null, { decimals }: DebeziumMode): WireForm {
  if (decimals === "string") return { schema: { type: "string" }, json: (text) => JSON.stringify(text) };
  if (decimals === "double") return { schema: { type: "double" }, json: javaDouble };
  if (scale === null) {
    const fields = [{ type: "int32", optional: false, field: "scale" }, {
      type: "bytes",
      optional: false,
      field: "value",
    }];
    return {
      schema: { type: "struct", fields, name: "io.debezium.data.VariableScaleDecimal", version: 1 },
      json: (text) => `{"scale":${scaleOf(text)},"value":"${base64OfInteger(unitsOf(text))}"}`,
    };
  }
  return {
    schema: {
      type: "bytes",
      name: "org.apache.kafka.connect.data.Decimal",
      version: 1,
      parameters: { scale: String(scale), "connect.decimal.precision": "38" },
    },
    json: (text) => `"${base64OfInteger(unitsOf(text))}"`,
  };
}

function dateForm({ times }: DebeziumMode): WireForm {
  if (times === "isostring") {
    return { schema: { type: "string", name: "io.debezium.time.IsoDate", version: 1 }, json: (text) => `"${text}Z"` };
  }
  const name = times === "connect" ? "org.apache.kafka.connect.data.Date" : "io.debezium.time.Date";
  const days = (text: string) => String(Date.parse(`${text}T00:00:00Z`) / 86_400_000);
  return { schema: { type: "int32", name, version: 1 }, json: days };
}

function timeForm(type: Extract<PostgresType, { is: "timestamp" | "time" }>, { times }: DebeziumMode): WireForm {
  const word = type.is === "time" ? "Time" : "Timestamp";
  const micros = type.is === "time" ? microsOfDay : microsOf;
  if (times === "isostring") {
    const iso = (text: string) => type.is === "time" ? isoTime(text) : isoMicros(micros(text), null);
    return {
      schema: { type: "string", name: `io.debezium.time.Iso${word}`, version: 1 },
      json: (text) => `"${iso(text)}"`,
    };
  }
  const millis = times === "connect" || (times === "adaptive" && type.precision <= 3);
  if (!millis) {
    return {
      schema: { type: "int64", name: `io.debezium.time.Micro${word}`, version: 1 },
      json: (text) => String(micros(text)),
    };
  }
  const vendor = times === "connect" ? "org.apache.kafka.connect.data" : "io.debezium.time";
  return {
    schema: { type: type.is === "time" ? "int32" : "int64", name: `${vendor}.${word}`, version: 1 },
    json: (text) => String(Math.floor(micros(text) / 1000)),
  };
}

/** As Jackson writes a string: control characters in upper case, characters beyond U+FFFF as two escapes. */
function jacksonText(text: string): string {
  const short: Record<string, string> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" };
  const escaped = [...text].map((character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    if (character in short) return short[character];
    if (character < " " || character.length > 1) {
      return Array.from(
        { length: character.length },
        (_, index) => `\\u${character.charCodeAt(index).toString(16).toUpperCase().padStart(4, "0")}`,
      ).join("");
    }
    return character;
  });
  return `"${escaped.join("")}"`;
}

/** As Java's Double.toString: "7.0", "1.0E21", "1.0E-5". */
function javaDouble(text: string): string {
  const value = Number(text);
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits, exponent] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
}

function scaleOf(text: string): number {
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}

function unitsOf(text: string): bigint {
  return BigInt(text.replace(".", ""));
}

/** Two's complement, most significant byte first, as few bytes as possible. */
function base64OfInteger(value: bigint): string {
  let bytes = 1;
  while (BigInt.asIntN(8 * bytes, value) !== value) bytes++;
  return base64OfHex(BigInt.asUintN(8 * bytes, value).toString(16).padStart(2 * bytes, "0"));
}

function base64OfHex(hex: string): string {
  return btoa((hex.match(/../g) ?? []).map((byte) => String.fromCharCode(parseInt(byte, 16))).join(""));
}

/** Microseconds since the epoch of "2024-06-15 12:34:56.123456", read as UTC. */
export function microsOf(text: string): number {
  const [seconds, fraction = ""] = text.split(".");
  return Date.parse(`${seconds.replace(" ", "T")}Z`) * 1000 + Number(fraction.padEnd(6, "0"));
}

/** Microseconds since midnight of "12:34:56.123456". */
export function microsOfDay(text: string): number {
  const [time, fraction = ""] = text.split(".");
  const [hours, minutes, seconds] = time.split(":").map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + Number(fraction.padEnd(6, "0"));
}

/** `digits`: of the fraction; null for as many as are needed. */
function isoMicros(micros: number, digits: number | null): string {
  const ms = Math.floor(micros / 1000);
  const [seconds, millis] = new Date(ms).toISOString().slice(0, -1).split(".");
  const fraction = millis + String(micros - ms * 1000).padStart(3, "0");
  const shown = digits === null ? fraction.replace(/0+$/, "") : fraction.slice(0, digits);
  return `${seconds}${shown === "" ? "" : `.${shown}`}Z`;
}

function isoTime(text: string): string {
  return `${text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text}Z`;
}
