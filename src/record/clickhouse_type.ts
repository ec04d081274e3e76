/**
 * A ClickHouse type taken apart: what it is without `Nullable` and `LowCardinality`, and whether it has them. Of the
 * types that Weir writes rows for, the arguments are read; all others are `Other`, with their arguments as texts.
 */
export type ClickHouseType = Wrapping & PlainType;

/** What surrounds a type. */
interface Wrapping {
  /** As declared, with everything around it. */
  readonly text: string;
  /** Without `Nullable` and `LowCardinality`. */
  readonly bare: string;
  readonly nullable: boolean;
  readonly lowCardinality: boolean;
}

/** A type without `Nullable` and `LowCardinality`. */
type PlainType =
  | { readonly name: "Int" | "UInt"; readonly bits: 8 | 16 | 32 | 64 | 128 | 256 }
  | { readonly name: "Float"; readonly bits: 32 | 64 }
  | { readonly name: "Decimal"; readonly precision: number; readonly scale: number }
  | { readonly name: "Date" | "Date32" }
  | { readonly name: "Bool" | "String" | "UUID" | "IPv4" | "IPv6" }
  | { readonly name: "FixedString"; readonly bytes: number }
  /** `precision`: fraction digits of its seconds, 0 for DateTime. `zone`: how it is shown, not what it holds. */
  | { readonly name: "DateTime" | "DateTime64"; readonly precision: number; readonly zone: string | null }
  /** `elements`: names in the order of the numbers behind them, which is how ClickHouse orders them. */
  | { readonly name: "Enum"; readonly elements: readonly string[] }
  | { readonly name: "Array"; readonly element: ClickHouseType }
  | { readonly name: "Map"; readonly key: ClickHouseType; readonly value: ClickHouseType }
  /** `names`: null for a tuple whose elements have none. */
  | { readonly name: "Tuple"; readonly names: readonly string[] | null; readonly elements: readonly ClickHouseType[] }
  | { readonly name: "JSON" }
  | { readonly name: "Other"; readonly word: string; readonly arguments: readonly string[] };

/** Precisions of `Decimal32(S)` and its like, as the documentation of ClickHouse's type Decimal gives them. */
const DECIMAL_PRECISION: Readonly<Record<string, number>> = { "32": 9, "64": 18, "128": 38, "256": 76 };

/** Longer ones ClickHouse refuses as too large. */
const FIXED_STRING_BYTES_MAX = 2 ** 24 - 1;

/** Words with spaces between them are aliases (`DOUBLE PRECISION`). */
const WORDS = /^[A-Za-z_]\w*(?: \w+)*/;

/**
 * A string or a quoted name as a whole, so that commas and brackets in it are left alone; a bracket; a comma; or
 * anything else.
 */
const TOKEN = /'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"|[(),]|[^(),'`"]+/gys;

/** A zone in single quotes, as the last argument of a type of times. */
const ZONE = /^'([\w/+-]+)'$/;

/** An element of a tuple that has a name, quoted or not. */
const NAMED = /^([A-Za-z_]\w*|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")\s+([A-Za-z_].*)$/s;

/**
 * Takes a type's text apart. The grammar is ClickHouse's (https://clickhouse.com/docs/sql-reference/data-types): words,
 * and in brackets arguments with commas between them, which are types, numbers, strings or pairs of them. Spaces around
 * brackets and commas do not count. Names are told apart by upper and lower case, as ClickHouse prints them; aliases
 * (`BIGINT`) are `Other`.
 *
 * @throws TypeError for a text that is no type, and for arguments that its type cannot have
 */
export function parseClickHouseType(text: string): ClickHouseType {
  const { word, list } = splitClickHouseType(text);
  if (word === "Nullable" || word === "LowCardinality") {
    const inner = parseClickHouseType(only(text, list));
    if (inner.lowCardinality || (word === "Nullable" && inner.nullable)) {
      throw refusal(text, `${word} cannot have ${inner.text} in it`);
    }
    return { ...inner, text, ...(word === "Nullable" ? { nullable: true } : { lowCardinality: true }) };
  }
  return { ...plainType(text, word, list), text, bare: text, nullable: false, lowCardinality: false };
}

function plainType(text: string, word: string, list: readonly string[] | null): PlainType {
  const integer = /^(U?Int)(8|16|32|64|128|256)$/.exec(word);
  if (integer !== null) {
    none(text, list);
    return { name: integer[1] as "Int" | "UInt", bits: Number(integer[2]) as 8 };
  }
  const decimal = /^Decimal(32|64|128|256)?$/.exec(word);
  if (decimal !== null) return { name: "Decimal", ...decimalSize(text, decimal[1], list) };
  switch (word) {
    case "Float32":
    case "Float64":
      none(text, list);
      return { name: "Float", bits: word === "Float32" ? 32 : 64 };
    case "Date":
    case "Date32":
      none(text, list);
      return { name: word };
    case "Bool":
    case "String":
    case "UUID":
    case "IPv4":
    case "IPv6":
      none(text, list);
      return { name: word };
    case "FixedString":
      return { name: "FixedString", bytes: count(text, only(text, list), { least: 1, most: FIXED_STRING_BYTES_MAX }) };
    case "DateTime":
      return { name: "DateTime", precision: 0, zone: zoneOf(text, list ?? []) };
    case "DateTime64":
      return { name: "DateTime64", ...dateTimeSize(text, list) };
    case "Enum":
    case "Enum8":
    case "Enum16":
      return { name: "Enum", elements: enumElements(text, { bits: word === "Enum8" ? 8 : 16, list: list ?? [] }) };
    default:
      return nestedType(text, { word, list });
  }
}

function nestedType(text: string, { word, list }: { word: string; list: readonly string[] | null }): PlainType {
  switch (word) {
    case "Array":
      return { name: "Array", element: parseClickHouseType(only(text, list)) };
    case "Map": {
      if (list?.length !== 2) throw refusal(text, "it takes the types of keys and values");
      const [key, value] = list.map(parseClickHouseType);
      return { name: "Map", key, value };
    }
    case "Tuple":
      return { name: "Tuple", ...tupleElements(text, list ?? []) };
    case "JSON":
      if (list === null || list.length === 0) return { name: "JSON" };
      break;
  }
  return { name: "Other", word, arguments: list ?? [] };
}

function tupleElements(
  text: string,
  list: readonly string[],
): { names: readonly string[] | null; elements: readonly ClickHouseType[] } {
  const parts = list.map((argument) => NAMED.exec(argument) ?? [argument, "", argument]);
  const elements = parts.map(([, , type]) => parseClickHouseType(type));
  const names = parts.flatMap(([, name]) => name === "" ? [] : [/^\w/.test(name) ? name : unquoted(name)]);
  if (elements.length === 0) throw refusal(text, "a tuple has elements");
  if (names.length === 0) return { names: null, elements };
  if (names.length < elements.length) throw refusal(text, "either all elements have a name, or none has");
  if (new Set(names).size < names.length) throw refusal(text, "two elements have the same name");
  return { names, elements };
}

/** `Decimal(P, S)`, `Decimal(P)` with scale 0, `Decimal` as `Decimal(10, 0)`, and `Decimal64(S)`. */
function decimalSize(
  text: string,
  bits: string | undefined,
  list: readonly string[] | null,
): { precision: number; scale: number } {
  if (bits !== undefined) {
    const precision = DECIMAL_PRECISION[bits];
    return { precision, scale: count(text, only(text, list), { least: 0, most: precision }) };
  }
  if (list === null || list.length === 0) return { precision: 10, scale: 0 };
  if (list.length > 2) throw refusal(text, "it takes a precision and a scale");
  const precision = count(text, list[0], { least: 1, most: 76 });
  return { precision, scale: list.length === 1 ? 0 : count(text, list[1], { least: 0, most: precision }) };
}

function dateTimeSize(text: string, list: readonly string[] | null): { precision: number; zone: string | null } {
  if (list === null) return { precision: 3, zone: null };
  if (list.length > 2) throw refusal(text, "it takes a precision and a time zone");
  return { precision: count(text, list[0], { least: 0, most: 9 }), zone: zoneOf(text, list.slice(1)) };
}

function zoneOf(text: string, list: readonly string[]): string | null {
  if (list.length === 0) return null;
  if (list.length > 1) throw refusal(text, "it takes a time zone");
  const zone = ZONE.exec(list[0]);
  if (zone === null) throw refusal(text, `${list[0]} is no time zone in single quotes`);
  return zone[1];
}

/** The words of a type and its arguments; `null` where there are no brackets. */
export function splitClickHouseType(text: string): { word: string; list: readonly string[] | null } {
  const word = WORDS.exec(text)?.[0];
  if (word === undefined) throw refusal(text, "a type begins with its name");
  const rest = text.slice(word.length).trim();
  if (rest === "") return { word, list: null };
  if (!rest.startsWith("(")) throw refusal(text, `"${rest}" does not belong to a type`);
  const list: string[] = [];
  let depth = 0;
  let argument = "";
  let end = 0;
  for (const [token] of rest.matchAll(TOKEN)) {
    end += token.length;
    if (token === "(" && ++depth === 1) continue;
    const last = token === ")" && --depth === 0;
    if (last || (token === "," && depth === 1)) {
      list.push(argument.trim());
      argument = "";
      if (last) break;
    } else argument += token;
  }
  if (depth !== 0) throw refusal(text, "a bracket or a quote is not closed");
  if (end < rest.length) throw refusal(text, `"${rest.slice(end).trim()}" does not belong to a type`);
  if (list.length === 1 && list[0] === "") return { word, list: [] };
  if (list.includes("")) throw refusal(text, "an argument is empty");
  return { word, list };
}

function none(text: string, list: readonly string[] | null): void {
  if (list !== null) throw refusal(text, "it takes no arguments");
}

function only(text: string, list: readonly string[] | null): string {
  if (list?.length !== 1) throw refusal(text, "it takes one argument");
  return list[0];
}

function count(text: string, argument: string | undefined, limits: { least: number; most: number }): number {
  const value = argument !== undefined && /^\d+$/.test(argument) ? Number(argument) : NaN;
  if (value >= limits.least && value <= limits.most) return value;
  throw refusal(text, `${argument ?? "nothing"} is no integer from ${limits.least} to ${limits.most}`);
}

function refusal(text: string, reason: string): TypeError {
  return new TypeError(`Cannot read "${text}" as a ClickHouse type: ${reason}`);
}

/** Names from an Enum's arguments, `'a' = 1` or `'a'` alone, in the order of their numbers. */
function enumElements(text: string, { bits, list }: { bits: 8 | 16; list: readonly string[] }): readonly string[] {
  const elements = list.map((argument) => {
    const parts = /^('(?:[^'\\]|\\.|'')*')(?:\s*=\s*(-?\d+))?$/s.exec(argument);
    if (parts === null) throw refusal(text, `${argument} is no name in single quotes, nor one with = and a number`);
    return { name: unquoted(parts[1]), number: parts[2] === undefined ? null : Number(parts[2]) };
  });
  if (elements.length === 0) throw refusal(text, "it takes its names: Enum8('a' = 1, 'b' = 2)");
  const numbered = elements.filter(({ number }) => number !== null).length;
  if (numbered > 0 && numbered < elements.length) throw refusal(text, "either all names have a number, or none has");
  const limit = 2 ** (bits - 1);
  const values = elements.map(({ number }, index) => number ?? index + 1);
  const outside = values.find((value) => value < -limit || value >= limit);
  if (outside !== undefined) throw refusal(text, `${outside} is no integer from ${-limit} to ${limit - 1}`);
  if (new Set(values).size < values.length) throw refusal(text, "two names have the same number");
  if (new Set(elements.map(({ name }) => name)).size < elements.length) throw refusal(text, "two names are the same");
  return elements.map(({ name }, index) => ({ name, value: values[index] }))
    .sort((a, b) => a.value - b.value).map(({ name }) => name);
}

/** A quoted text without its quotes, and with the characters that it means. */
function unquoted(quoted: string): string {
  const quote = quoted[0];
  return quoted.slice(1, -1).replace(/\\(.)|(['`"])\2/gs, (token, escaped?: string) => {
    if (escaped === undefined) return token[0] === quote ? quote : token;
    return ESCAPED[escaped] ?? escaped;
  });
}

/** What the letters after a backslash mean in ClickHouse's strings; any other character means itself. */
const ESCAPED: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  "0": "\0",
  a: "\x07",
  v: "\v",
};
