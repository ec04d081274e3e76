import { columnEncoder } from "../../processor/sink_row.ts";
import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";
import { jsonObjectText, parseJsonObject } from "../../record/json_object.ts";
import { compareText } from "../../record/text_order.ts";

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
  const parsed = PARTED.has(type.name) ? (json: string) => JSON.parse(json, digits as Reviver) : scalarOf;
  return {
    name: column.name,
    // The text that the sink would have been sent, so that an encoder's mistake cannot hide: then read as ClickHouse
    // reads it.
    expected: (value) => checked(type, read(parsed(encode(value)))),
    sql: sql(quotedName),
    actual: (value) => read(value),
  };
}

/** Types whose values have values within them. */
const PARTED: ReadonlySet<ClickHouseType["name"]> = new Set(["Array", "Map", "Tuple", "JSON"]);

/** Text, number or truth value of JSON as text, null as null: a parser would lose digits of numbers, or take long. */
function scalarOf(json: string): string | null {
  if (json === "null") return null;
  if (!json.startsWith('"')) return json;
  return json.includes("\\") ? JSON.parse(json) : json.slice(1, -1);
}

/** @throws RangeError for a decimal that ClickHouse refuses, or that a view leaves out, as it has too many digits */
function checked(type: ClickHouseType, value: Canonical): Canonical {
  if (type.name !== "Decimal" || typeof value !== "string") return value;
  const whole = value.replace("-", "").split(".")[0].replace(/^0+/, "");
  if (whole.length <= type.precision - type.scale) return value;
  throw new RangeError(`Cannot write "${value}" as ${type.text}: it has too many digits`);
}

/** Of one type: SQL over an expression, and what it gives, or what JSON of a row holds, in comparable form. */
interface Shape {
  sql(expression: string): string;
  read(value: unknown): Canonical;
}

function shapeOf(type: ClickHouseType): Shape {
  switch (type.name) {
    case "Array": {
      const element = shapeOf(type.element);
      return {
        sql: (expression) => `arrayMap(x -> ${element.sql("x")}, ${expression})`,
        read: (value) => value === null ? null : (value as unknown[]).map(element.read),
      };
    }
    case "Map": {
      const [key, element] = [shapeOf(type.key), shapeOf(type.value)];
      const pairs = `Array(Tuple(${type.key.text}, ${type.value.text}))`;
      return {
        sql: (expression) =>
          `arrayMap(x -> (${key.sql("x.1")}, ${element.sql("x.2")}), CAST(${expression} AS ${pairs}))`,
        read: (value) => pairsOf(value).map(([name, part]) => [name, element.read(part)]),
      };
    }
    case "Tuple": {
      const elements = type.elements.map(shapeOf);
      const places = type.names ?? elements.map((_, index) => String(index));
      return {
        sql: (expression) =>
          `tuple(${elements.map((element, index) => element.sql(`${expression}.${index + 1}`)).join(", ")})`,
        read: (value) =>
          elements.map((element, index) => {
            return element.read((value as Record<string, unknown>)[Array.isArray(value) ? index : places[index]]);
          }),
      };
    }
    case "JSON":
      return { sql: asText, read: (value) => value === null ? null : jsonText(value) };
    default: {
      const rule = ruleOf(type);
      return { sql: rule.sql, read: (value) => value === null ? null : rule.tidy(String(value)) };
    }
  }
}

/** Keys and values of a map, in the order of the keys' texts: as they were sent, or as ClickHouse gives them. */
function pairsOf(value: unknown): readonly (readonly [string, unknown])[] {
  const pairs = Array.isArray(value) ? value as [string, unknown][] : Object.entries(value as object);
  return [...pairs].sort(([a], [b]) => compareText(a, b));
}

/** The object that was sent has {@link Digits} in it; ClickHouse gives a text. */
function jsonText(value: unknown): string {
  const text = typeof value === "string" ? value : bareJson(value);
  const shown = jsonObjectText(parseJsonObject(text));
  return typeof shown === "string" ? shown : text;
}

function bareJson(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(bareJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${bareJson(part)}`).join(",")}}`;
}

const asText = (expression: string) => `toString(${expression})`;

function ruleOf(type: ClickHouseType): TypeRule {
  switch (type.name) {
    case "DateTime":
      return { sql: (expression) => `toString(toUnixTimestamp(${expression}))`, tidy: (text) => text };
    case "DateTime64":
      return { sql: (expression) => `toString(reinterpretAsInt64(${expression}))`, tidy: (text) => text };
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

/** A number of JSON with all its digits. */
class Digits {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

type Reviver = (key: string, value: unknown) => unknown;

function digits(_key: string, value: unknown, { source }: { source: string }): unknown {
  return typeof value === "number" ? new Digits(source) : value;
}
