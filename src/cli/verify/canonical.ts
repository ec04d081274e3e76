import { columnEncoder } from "../../processor/sink_row.ts";

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
  const { sql, read } = shapeOf(column.type);
  return {
    name: column.name,
    // The text that the sink would have been sent, so that an encoder's mistake cannot hide: then read as ClickHouse reads it.
    expected: (value) => read(parsed(encode(value))),
    sql: sql(quotedName),
    actual: (value) => read(value),
  };
}

function shapeOf(type: string): { sql: (expression: string) => string; read: (value: unknown) => Canonical } {
  const inner = bare(type);
  if (inner.startsWith("Array(")) {
    const element = shapeOf(inner.slice(6, -1));
    return {
      sql: (expression) => `arrayMap(x -> ${element.sql("x")}, ${expression})`,
      read: (value) => value === null ? null : (value as unknown[]).map(element.read),
    };
  }
  const rule = ruleOf(inner);
  return {
    sql: (expression) => rule.sql(expression),
    read: (value) => value === null ? null : rule.tidy(String(value)),
  };
}

const asText = (expression: string) => `toString(${expression})`;

function ruleOf(type: string): TypeRule {
  if (type.startsWith("DateTime64(")) {
    return { sql: (expression) => `toString(toUnixTimestamp64Micro(${expression}))`, tidy: (text) => text };
  }
  if (type.startsWith("Decimal")) return { sql: asText, tidy: withoutTrailingZeros };
  if (type === "Float32") return { sql: asText, tidy: (text) => String(Math.fround(Number(text)) + 0) };
  if (type === "Float64") return { sql: asText, tidy: (text) => String(Number(text) + 0) };
  if (type === "UUID") return { sql: asText, tidy: (text) => text.toLowerCase() };
  // ClickHouse fills a FixedString up with zero bytes.
  if (type.startsWith("FixedString(")) return { sql: asText, tidy: (text) => text.replace(/\0+$/, "") };
  return { sql: asText, tidy: (text) => text };
}

function bare(type: string): string {
  const inner = /^(?:LowCardinality|Nullable)\((.*)\)$/s.exec(type);
  return inner === null ? type : bare(inner[1]);
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
