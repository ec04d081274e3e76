import { z } from "zod";
import { bytea, char, date, float8, int8, numeric, time, timestamp, timestamptz, uuid } from "../../src/mod.ts";
import { Decimal } from "../../src/mod.ts";
import type { Choices } from "../oracle/random.ts";
import { type DebeziumMode, microsOf, microsOfDay, type PostgresType } from "./debezium_mode.ts";

/** A PostgreSQL column type, and everything that differs by it on the way to ClickHouse. */
export interface ColumnKind {
  /** As PostgreSQL writes it. */
  readonly sql: string;
  readonly wire: PostgresType;
  /** Its declaration in a source, for records written in this mode. */
  readonly declared: (mode: DebeziumMode) => z.ZodType;
  readonly clickhouse: string;
  /** ClickHouse type of a total; null for what has none. */
  readonly total: string | null;
  /** Whether PostgreSQL 15 has min() and max() of it, in the order of ClickHouse's type. */
  readonly ordered: boolean;
  /** A random value, as a text that PostgreSQL reads: few different ones, so that rows meet. */
  readonly value: (choices: Choices) => string;
  /** PostgreSQL's text and ClickHouse's value in one form, so that they can be compared. */
  readonly same: (value: unknown) => string;
}

const text = (value: unknown) => String(value);
const plainDecimal = (value: unknown) => {
  const shown = Decimal.parse(String(value)).toString();
  return shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown;
};
const fromList = (...values: string[]) => ({ of }: Choices) => of(values);

const INT = { total: "Int128", ordered: true, same: text } as const;

const ODD_TEXTS = [
  "",
  "a",
  "A",
  "ä",
  "a ",
  "😀",
  "\uffff",
  "it''s",
  '"q"\\',
  "tab\t",
  "\u001b",
  "\u007f",
  "\u2028",
  "a/b",
];

const TIMESTAMPS = [
  "2024-06-15 12:34:56.123456",
  "2024-06-15 12:34:56.1",
  "1969-12-31 23:59:59.999",
  "1970-01-01 00:00:00",
  "2250-01-01 00:00:00.5",
  "1900-01-02 00:00:00",
];
const TIMES = ["00:00:00", "12:34:56.123456", "23:59:59.999999", "04:05:06.7"];

function timestampKind(precision: number): ColumnKind {
  return {
    sql: `timestamp(${precision})`,
    wire: { is: "timestamp", precision },
    declared: (mode) => timestamp(declaredPrecision(precision, mode)),
    clickhouse: "DateTime64(6)",
    total: null,
    ordered: true,
    value: fromList(...TIMESTAMPS),
    same: (value) => typeof value === "string" ? String(microsOf(value)) : String(value),
  };
}

function timeKind(precision: number): ColumnKind {
  return {
    sql: `time(${precision})`,
    wire: { is: "time", precision },
    declared: (mode) => time(declaredPrecision(precision, mode)),
    clickhouse: "Int64",
    total: null,
    ordered: true,
    value: fromList(...TIMES),
    same: (value) => typeof value === "string" ? String(microsOfDay(value)) : String(value),
  };
}

/** What the documentation of `timestamp()` says for each mode. */
function declaredPrecision(precision: number, { times }: DebeziumMode): number {
  return times === "connect" ? 3 : times === "microseconds" ? 6 : precision;
}

function numericKind(precision: number, scale: number): ColumnKind {
  return {
    sql: `numeric(${precision}, ${scale})`,
    wire: { is: "numeric", scale },
    declared: () => numeric(precision, scale),
    clickhouse: `Decimal(${precision}, ${scale})`,
    total: `Decimal(38, ${scale})`,
    ordered: true,
    value: fromList("0", "1", "1.5", "-1.5", "12", "1234", "7", "-0.01", "99.99", "19"),
    same: plainDecimal,
  };
}

/** Every column type that Weir reads. */
export const KINDS: readonly ColumnKind[] = [
  {
    ...INT,
    sql: "smallint",
    wire: { is: "integer", bits: 16 },
    declared: () => int8(),
    clickhouse: "Int16",
    value: fromList("0", "1", "-1", "32767", "-32768"),
  },
  {
    ...INT,
    sql: "integer",
    wire: { is: "integer", bits: 32 },
    declared: () => z.int(),
    clickhouse: "Int32",
    value: fromList("0", "1", "-1", "2147483647", "-2147483648"),
  },
  {
    ...INT,
    sql: "bigint",
    wire: { is: "integer", bits: 64 },
    declared: () => int8(),
    clickhouse: "Int64",
    value: fromList("0", "1", "9007199254740993", "9007199254740992", "9223372036854775807", "-9223372036854775808"),
  },
  numericKind(10, 0),
  numericKind(6, 2),
  numericKind(12, 4),
  {
    sql: "numeric",
    wire: { is: "numeric", scale: null },
    declared: () => numeric(),
    clickhouse: "Decimal(38, 20)",
    total: "Decimal(38, 20)",
    ordered: true,
    value: fromList("1", "1.0", "1.00", "0.1", "-1.50", "-1.5", "12345678901.5", "0.00000000000000000001", "1000"),
    same: plainDecimal,
  },
  {
    sql: "text",
    wire: { is: "text" },
    declared: () => z.string(),
    clickhouse: "String",
    total: null,
    ordered: true,
    value: fromList(...ODD_TEXTS),
    same: text,
  },
  {
    sql: "varchar(8)",
    wire: { is: "text" },
    declared: () => z.string(),
    clickhouse: "LowCardinality(String)",
    total: null,
    ordered: true,
    value: fromList(...ODD_TEXTS),
    same: text,
  },
  {
    sql: "uuid",
    wire: { is: "text", name: "io.debezium.data.Uuid" },
    declared: () => uuid(),
    clickhouse: "UUID",
    total: null,
    ordered: false,
    value: fromList(
      "6f9619ff-8b86-d011-b42d-00c04fc964ff",
      "6F9619FF-8B86-D011-B42D-00C04FC964FF",
      "00000000-0000-0000-0000-000000000000",
      "ffffffff-0000-0000-0000-000000000001",
    ),
    same: text,
  },
  {
    sql: "mood",
    wire: { is: "text", name: "io.debezium.data.Enum" },
    declared: () => z.enum(["sad", "so,so", `it's "ok"`]),
    clickhouse: `Enum8('sad' = 1, 'so,so' = 2, 'it\\'s "ok"' = 3)`,
    total: null,
    ordered: false,
    value: fromList("sad", "so,so", `it''s "ok"`),
    same: text,
  },
  {
    sql: "boolean",
    wire: { is: "boolean" },
    declared: () => z.boolean(),
    clickhouse: "Bool",
    total: null,
    ordered: false,
    value: fromList("true", "false"),
    same: (value) => value === "t" || value === true ? "true" : "false",
  },
  {
    sql: "double precision",
    wire: { is: "float8" },
    declared: () => float8(),
    clickhouse: "Float64",
    total: null,
    ordered: true,
    value: fromList("0", "-0", "0.1", "1e21", "1e-7", "-1.5", "1e300", "5e-324", "16777217", "12345678"),
    same: (value) => String(Number(value) + 0),
  },
  {
    sql: "bytea",
    wire: { is: "bytea" },
    declared: () => bytea(),
    clickhouse: "String",
    total: null,
    ordered: false,
    value: fromList("", "\\x00", "\\xdeadbeef", "\\xff"),
    same: (value) => {
      const shown = String(value);
      if (!shown.startsWith("\\x")) return shown;
      return btoa((shown.slice(2).match(/../g) ?? []).map((hex) => String.fromCharCode(parseInt(hex, 16))).join(""));
    },
  },
  {
    sql: "date",
    wire: { is: "date" },
    declared: () => date(),
    clickhouse: "Date32",
    total: null,
    ordered: true,
    value: fromList("2024-02-29", "1970-01-01", "1969-12-31", "1900-01-01", "2299-12-31"),
    same: text,
  },
  timestampKind(6),
  timestampKind(3),
  timestampKind(0),
  timeKind(6),
  timeKind(3),
  {
    sql: "timestamptz",
    wire: { is: "timestamptz" },
    declared: () => timestamptz(),
    clickhouse: "DateTime64(6)",
    total: null,
    ordered: true,
    value: fromList(...TIMESTAMPS.map((value) => `${value}+00`), "2024-06-15 14:34:56.123456+02"),
    same: (value) => typeof value === "string" ? String(microsOf(value.replace(/\+00$/, ""))) : String(value),
  },
  {
    sql: "char(4)",
    wire: { is: "text" },
    declared: () => char(4),
    clickhouse: "String",
    total: null,
    ordered: false,
    value: fromList("ab", "ab ", "ab  ", "a", "", "é"),
    same: (value) => String(value).replace(/ +$/, ""),
  },
];
