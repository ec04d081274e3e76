import { columnEncoder } from "../../processor/sink_row.ts";
import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";

/** A value in the one form in which both sides are compared: text, null, or an array of such. */
export type Canonical = string | null | readonly Canonical[];

/** How the values of one sink column become comparable. */
export interface CanonicalColumn {
  readonly name: string;
  /** What the topology computed. @throws TypeError | RangeError when it does not fit the column's type */
  expected(value: unknown): Canonical;
  /** A ClickHouse expression over the column that gives texts. */
  readonly sql: string;
  /** What that expression gave. */
  actual(value: unknown): Canonical;
}

/** Rules of one type: SQL over an expression, and the form in which equal values have equal texts. */
interface TypeRule {
  sql(expression: string): string;
  tidy(text: string): string;
}

/** Makes the comparable form of a column. `quotedName`: the column as SQL names it. */
export function canonicalColumn(
  column: { readonly name: string; readonly type: string },
  quotedName: string,
): CanonicalColumn {
  const encode = columnEncoder(column.name, column.type);
  const type = parseClickHouseType(column.type);
  const { sql, read } = shapeOf(type);
  return {
    name: column.name,
    // The text that the sink would have been sent, so that an encoder's mistake cannot hide: then read as ClickHouse
    // reads it.
    expected: (value) => checked(type, read(parsed(encode(value)))),
    sql: sql(quotedName),
    actual: (value) => read(value),
  };
}

/** @throws RangeError for a decimal that ClickHouse refuses, or that a view leaves out, as it has too many digits */
function checked(type: ClickHouseType, value: Canonical): Canonical {
  if (type.name !== "Decimal" || typeof value !== "string") return value;
  const whole = value.replace("-", "").split(".")[0].replace(/^0+/, "");
  if (whole.length <= type.precision - type.scale) return value;
  throw new RangeError(`Cannot write "${value}" as ${type.text}: it has too many digits`);
}

function shapeOf(type: ClickHouseType): { sql: (expression: string) => string; read: (value: unknown) => Canonical } {
  if (type.name === "Array") {
    const element = shapeOf(type.element);
    return {
      sql: (expression) => `arrayMap(x -> ${element.sql("x")}, ${expression})`,
      read: (value) => value === null ? null : (value as unknown[]).map(element.read),
    };
  }
  const rule = ruleOf(type);
  return {
    sql: (expression) => rule.sql(expression),
    read: (value) => value === null ? null : rule.tidy(String(value)),
  };
}

const asText = (expression: string) => `toString(${expression})`;

function ruleOf(type: ClickHouseType): TypeRule {
  switch (type.name) {
    case "DateTime64":
      return { sql: (expression) => `toString(toUnixTimestamp64Micro(${expression}))`, tidy: (text) => text };
    case "Decimal":
      return { sql: asText, tidy: withoutTrailingZeros };
    case "Float":
      return { sql: asText, tidy: (text) => String((type.bits === 32 ? Math.fround(Number(text)) : Number(text)) + 0) };
    case "UUID":
      return { sql: asText, tidy: (text) => text.toLowerCase() };
    case "FixedString":
      // ClickHouse fills it up with zero bytes.
      return { sql: asText, tidy: (text) => text.replace(/\0+$/, "") };
    default:
      return { sql: asText, tidy: (text) => text };
  }
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A value's JSON text as ClickHouse would take it: numbers stay texts, so that no digit is lost. */
function parsed(json: string): unknown {
  if (json === "null") return null;
  if (json.startsWith('"')) return JSON.parse(json);
  if (!json.startsWith("[")) return json;
  return JSON.parse(json.replaceAll(TOKEN, (token) => token.startsWith('"') ? token : `"${token}"`));
}

/** Strings as wholes, so that digits inside of them are left alone, and numbers. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
