/** One column of a table, as PostgreSQL's catalogue has it. */
export interface PostgresColumn {
  readonly name: string;
  /** Name of the type, of the base type for a domain, of the element type for an array: `int8`, `timestamptz`. */
  readonly type: string;
  readonly array: boolean;
  /** One letter of `pg_type.typcategory` of that type. */
  readonly category: string;
  /** Length of bit strings; null if none is declared. */
  readonly length: number | null;
}

/** Makes JSON text of a value's text. */
export type ToWire = (text: string) => string;

const MICROS_OF_SECOND = 1_000_000n;
const DAY_MS = 86_400_000;
/** What Debezium writes for timestamps without an end or a beginning. */
const INFINITE_TIMESTAMPS: Readonly<Record<string, string>> = {
  infinity: "9223372036825200000",
  "-infinity": "-9223372036832400000",
};
/** What a date without end reads as; it has no true counterpart on the wire and is refused as Debezium's is. */
const INFINITE_DATE = "2147483647";

/** Types whose text is what Debezium writes. */
const TEXTS = new Set([
  "json",
  "jsonb",
  "uuid",
  "xml",
  "ltree",
  "tsvector",
  "macaddr",
  "macaddr8",
  "tsquery",
  "pg_lsn",
]);
/** Categories of such types: strings, enums, network addresses, ranges. */
const TEXT_CATEGORIES = new Set(["S", "E", "I", "R"]);

/**
 * How a column's values are asked for: as PostgreSQL prints them, arrays as a JSON array of texts, money without its
 * currency. `quotedName`: the column as SQL names it.
 */
export function selectExpression(column: PostgresColumn, quotedName: string): string {
  if (column.array) return `to_json(${quotedName}::text[])::text`;
  return column.type === "money" ? `${quotedName}::numeric::text` : quotedName;
}

/** How times are written: in integer microseconds, or as text, which is read whatever the column declares. */
export type TimeWire = "microseconds" | "text";

/**
 * What Debezium writes for a column's values, with `decimal.handling.mode=string` and
 * `time.precision.mode=microseconds` or, for `time` "text", `isostring`. Session settings assumed: time zone UTC, ISO
 * dates, hexadecimal bytea. Null for a type whose form on the wire is not known here.
 */
export function wireOf(column: PostgresColumn, time: TimeWire = "microseconds"): ToWire | null {
  const element = time === "text" ? timeTextOf(column) ?? elementOf(column) : elementOf(column);
  if (!column.array || element === null) return element;
  return (text) => {
    const elements = JSON.parse(text) as (string | null)[];
    return `[${elements.map((value) => value === null ? "null" : element(value)).join(",")}]`;
  };
}

function timeTextOf({ type }: PostgresColumn): ToWire | null {
  if (type === "time") return JSON.stringify;
  if (type !== "timestamp") return null;
  // An infinity is refused in either form.
  return (text) => /^\d{4}-\d\d-\d\d [\d:.]+$/.test(text) ? JSON.stringify(text.replace(" ", "T")) : timestampOf(text);
}

function elementOf({ type, category, length }: PostgresColumn): ToWire | null {
  switch (type) {
    case "bool":
      return (text) => String(text === "t" || text === "true");
    case "int2":
    case "int4":
    case "int8":
    case "oid":
      return (text) => text;
    case "float4":
    case "float8":
      return (text) => /^-?(NaN|Infinity)$/.test(text) ? JSON.stringify(text) : text;
    case "numeric":
    case "money":
      return JSON.stringify;
    case "date":
      return dateOf;
    case "timestamp":
      return timestampOf;
    case "timestamptz":
      return (text) => JSON.stringify(text.replace(" ", "T").replace(/\+00$/, "Z"));
    case "time":
      return (text) => String(microsOfDay(text));
    case "timetz":
      return (text) => JSON.stringify(text.replace(/([+-]\d\d)$/, "$1:00"));
    case "bytea":
      return (text) => JSON.stringify(base64(fromHex(text.slice(2))));
    case "bit":
    case "varbit":
      return length === 1 && type === "bit"
        ? (text) => String(text === "1")
        : (text) => JSON.stringify(base64(fromBits(text)));
  }
  return TEXTS.has(type) || TEXT_CATEGORIES.has(category) ? JSON.stringify : null;
}

function dateOf(text: string): string {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) ? INFINITE_DATE : String(ms / DAY_MS);
}

function timestampOf(text: string): string {
  const infinite = INFINITE_TIMESTAMPS[text];
  if (infinite !== undefined) return infinite;
  const [date, time = ""] = text.split(" ");
  const days = Date.parse(`${date}T00:00:00Z`) / DAY_MS;
  // Before our era and beyond the year 9999: refused, as Debezium's number is.
  if (Number.isNaN(days) || text.endsWith("BC")) return INFINITE_TIMESTAMPS.infinity;
  return String(BigInt(days) * 86_400n * MICROS_OF_SECOND + microsOfDay(time));
}

/** Microseconds of `10:00:00.5`. */
function microsOfDay(time: string): bigint {
  const [hours, minutes, seconds] = time.split(":");
  const [whole, fraction = ""] = seconds.split(".");
  const total = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(whole);
  return total * MICROS_OF_SECOND + BigInt(fraction.padEnd(6, "0"));
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) => parseInt(hex.slice(index * 2, index * 2 + 2), 16));
}

/** The last digit is the lowest bit of the first byte. */
function fromBits(bits: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let bit = 0; bit < bits.length; bit++) {
    if (bits[bits.length - 1 - bit] === "1") bytes[bit >> 3] |= 1 << (bit & 7);
  }
  return bytes;
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
