import { keyColumnsOf } from "../../plan/outputs_of.ts";
import type { SinkPlan } from "../../plan/physical.ts";
import { dayText, microsText } from "../../record/calendar.ts";
import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";
import { Decimal } from "../../record/decimal.ts";
import { type Key, keyOf, keyParts } from "../../record/key.ts";
import { type KeyColumn, keyColumnValue, keyFrom } from "../../record/key_column.ts";
import { didYouMean } from "../../record/nearest.ts";
import type { Row } from "../../record/row.ts";
import { type GivenValue, givenValue, meanings } from "../stores/given_value.ts";
import { type GivenKey, readKey } from "../stores/store_query.ts";
import { timeText } from "./words.ts";

/** A key as it is asked for: as a person has typed it, or by column. */
export type AskedKey = string | Readonly<Record<string, string>>;

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?)?(?:Z| UTC)?$/;

/** The keys that may be meant of a sink: values are read as the declared types of its columns. @throws TypeError */
export function sinkKeys(sink: SinkPlan, asked: AskedKey): Key[] {
  const { key: names, columns, output } = sink.table;
  if (output !== undefined) return tableKeys(output.key, asked);
  const types = names.map((name) => parseClickHouseType(columns.find((column) => column.name === name)!.type));
  // What the only column can hold as it is, that is meant.
  const texts = typeof asked === "string" && names.length === 1 && readAs(types[0], asked) !== undefined
    ? [asked]
    : valuesOf(asked, names).map(({ text }) => text);
  const values = new Map(names.map((name, place) => [name, valueAs(types[place], { name, text: texts[place] })]));
  return [keyOf(keyColumnsOf(sink).map((name) => values.get(name)))];
}

/**
 * The keys that may be meant, those first that are meant sooner, as columns of a table do not say whether `42` is a
 * number, and `2026-01-31` a day, a time or a text. @throws TypeError
 */
export function tableKeys(columns: readonly KeyColumn[], asked: AskedKey): Key[] {
  const names = columns.map(({ name }) => name);
  const keys = givenKeys(names, asked).flatMap((given) =>
    given.reduce<unknown[][]>(
      (before, value) => before.flatMap((key) => meaningsOf(value).map((meaning) => [...key, meaning])),
      [[]],
    )
  );
  return [...new Set(keys.flatMap((values) => keyOrNone(columns, values)))];
}

/** Values for all columns. The text of a single one is taken as it is, and only then as the key of a record. */
function givenKeys(columns: readonly string[], asked: AskedKey): (readonly GivenValue[])[] {
  if (typeof asked !== "string" || columns.length !== 1) return [valuesOf(asked, columns)];
  const read = readKey(asked, columns);
  const ofRecord = Array.isArray(read) ? read[0] : (read as ReadonlyMap<string, GivenValue>).get(columns[0]);
  return [[givenValue(asked)], ...ofRecord === undefined ? [] : [[ofRecord]]];
}

/** Also of times and days, as sinks show them: microseconds and days since the epoch. */
function meaningsOf(value: GivenValue): unknown[] {
  const days = Date.parse(value.text) / DAY_MS;
  return [
    ...meanings(value),
    ...[micros(value.text)].filter((time) => time !== undefined),
    ...DAY.test(value.text) && Number.isInteger(days) ? [days] : [],
  ];
}

function keyOrNone(columns: readonly KeyColumn[], values: readonly unknown[]): Key[] {
  try {
    return [keyFrom(columns, values)];
  } catch (error) {
    if (error instanceof TypeError) return [];
    throw error;
  }
}

/** A key of a sink by its columns, times and days as texts. */
export function sinkKeyRow(sink: SinkPlan, key: Key): Row {
  const { columns, output } = sink.table;
  const parts = keyParts(key);
  if (output !== undefined) {
    return Object.fromEntries(output.key.map((column, place) => [column.name, keyColumnValue(column, parts[place])]));
  }
  const row = new Map(
    keyColumnsOf(sink).map((name, place) => {
      const type = parseClickHouseType(columns.find((column) => column.name === name)!.type);
      return [name, shownPart(type, parts[place])];
    }),
  );
  return Object.fromEntries(sink.table.key.map((name) => [name, row.get(name)]));
}

function shownPart({ name }: ClickHouseType, part: string): unknown {
  const integer = /^-?\d+$/.test(part);
  if (integer && (name === "DateTime" || name === "DateTime64")) return timeText(Number(part));
  if (integer && (name === "Date" || name === "Date32")) {
    return dayText(Number(part)) ?? part;
  }
  if (integer) return Number.isSafeInteger(Number(part)) ? Number(part) : BigInt(part);
  return name === "Decimal" && part !== "null" ? Decimal.parse(part) : JSON.parse(part);
}

/** One for each column, in their order. @throws TypeError for another number of values, or other columns */
function valuesOf(asked: AskedKey, columns: readonly string[]): readonly GivenValue[] {
  const given = typeof asked === "string" ? fromText(asked, columns) : byName(asked);
  if (given instanceof Map) {
    for (const name of given.keys()) {
      if (columns.includes(name)) continue;
      throw new TypeError(
        `Cannot look for a key by "${name}": its columns are ${columns.join(", ")}${didYouMean(name, columns)}`,
      );
    }
    const missing = columns.filter((name) => !given.has(name));
    if (missing.length > 0) throw incomplete(columns, `${missing.join(", ")} is missing`);
    return columns.map((name) => given.get(name)!);
  }
  const values = given as readonly GivenValue[];
  if (values.length !== columns.length) throw incomplete(columns, `current value has ${values.length} values`);
  return values;
}

function incomplete(columns: readonly string[], what: string): TypeError {
  const example = columns.length === 1
    ? "its value"
    : `all values with commas between them, in this order, or a JSON object`;
  return new TypeError(
    `Cannot look for a part of a key: it is made of ${columns.join(", ")}, and ${what}. Give ${example}`,
  );
}

function byName(asked: Readonly<Record<string, string>>): GivenKey {
  return new Map(Object.entries(asked).map(([name, text]) => [name, givenValue(text)]));
}

/** Also a JSON array of the values, whose numbers keep their digits. */
function fromText(text: string, columns: readonly string[]): GivenKey {
  if (!text.startsWith("[")) return readKey(text, columns);
  try {
    const exact = (_: string, value: unknown, { source }: { readonly source?: string }) =>
      typeof value === "number" ? source : value;
    const values = (JSON.parse as (text: string, reviver: typeof exact) => unknown)(text, exact);
    return Array.isArray(values) ? values.map((value) => givenValue(String(value))) : readKey(text, columns);
  } catch (error) {
    if (error instanceof SyntaxError) return readKey(text, columns);
    throw error;
  }
}

/** What a column of this type holds for a text. @throws TypeError if it is none of its values */
function valueAs(type: ClickHouseType, { name, text }: { readonly name: string; readonly text: string }): unknown {
  if (type.nullable && text === "null") return null;
  const value = readAs(type, text);
  if (value !== undefined) return value;
  const example = EXAMPLES[type.name];
  throw new TypeError(
    `Cannot use "${text}" as "${name}", which is ${type.bare}${example === undefined ? "" : `: write ${example}`}`,
  );
}

const EXAMPLES: Readonly<Record<string, string>> = {
  Date: "2026-01-31",
  Date32: "2026-01-31",
  DateTime: "2026-01-31 10:00:00",
  DateTime64: "2026-01-31 10:00:00.000",
  Bool: "true or false",
};

function readAs(type: ClickHouseType, text: string): unknown {
  switch (type.name) {
    case "Int":
    case "UInt":
      return /^-?\d+$/.test(text) ? exact(text) : undefined;
    case "Float":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "Decimal":
      return Decimal.tryParse(text) ?? undefined;
    case "Bool":
      return text === "true" || text === "false" ? text === "true" : undefined;
    case "Date":
    case "Date32": {
      const days = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text) / DAY_MS;
      return Number.isInteger(days) && dayText(days) !== null ? days : undefined;
    }
    case "DateTime":
    case "DateTime64":
      return /^-?\d+$/.test(text) ? microsText(Number(text)) === null ? undefined : exact(text) : micros(text);
    case "UUID":
      return text.toLowerCase();
    case "Enum":
      return type.elements.includes(text) ? text : undefined;
    default:
      return text;
  }
}

function exact(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

/** Microseconds since the epoch. */
function micros(text: string): number | undefined {
  const parts = TIME.exec(text);
  if (parts === null) return undefined;
  const [, day, time = "00:00", fraction = ""] = parts;
  const ms = Date.parse(`${day}T${time}Z`);
  return Number.isNaN(ms) ? undefined : ms * 1_000 + Number(fraction.padEnd(6, "0"));
}
