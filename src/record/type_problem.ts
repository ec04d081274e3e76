import { type ClickHouseType, parseClickHouseType } from "./clickhouse_type.ts";
import { nearest } from "./nearest.ts";

/** Every type that a column of a sink can have, as messages list them. */
const SUPPORTED = "Int8 to Int256, UInt8 to UInt256, Float32, Float64, Decimal(P, S), Bool, String, FixedString(N), " +
  "UUID, Enum8, Enum16, Date, Date32, DateTime, DateTime64(0) to DateTime64(9), IPv4, IPv6, Array(T), Map(K, V), " +
  "Tuple(T, ...), Tuple(name T, ...), JSON; Nullable(T) and LowCardinality(String) where ClickHouse allows it";

const NAMES = [
  ...["8", "16", "32", "64", "128", "256"].flatMap((bits) => [`Int${bits}`, `UInt${bits}`]),
  ...["Float32", "Float64", "Decimal", "Bool", "String", "FixedString", "UUID", "Enum8", "Enum16", "Date", "Date32"],
  ...["DateTime", "DateTime64", "IPv4", "IPv6", "Array", "Map", "Tuple", "JSON", "Nullable", "LowCardinality"],
];

/** What people from other databases write for a type, in capitals. Most are ClickHouse's aliases. */
const ALIASES: Readonly<Record<string, string>> = {
  TINYINT: "Int8",
  SMALLINT: "Int16",
  INT: "Int32",
  INTEGER: "Int32",
  BIGINT: "Int64",
  REAL: "Float32",
  FLOAT: "Float32",
  DOUBLE: "Float64",
  "DOUBLE PRECISION": "Float64",
  NUMERIC: "Decimal(P, S)",
  DEC: "Decimal(P, S)",
  BOOLEAN: "Bool",
  TEXT: "String",
  VARCHAR: "String",
  CHAR: "String",
  BLOB: "String",
  BYTEA: "String",
  JSONB: "JSON",
  OBJECT: "JSON",
  TIMESTAMP: "DateTime64(6)",
  TIMESTAMPTZ: "DateTime64(6)",
  INET: "IPv6",
  INET4: "IPv4",
  INET6: "IPv6",
};

/** Types whose texts are one for each value, so that no two keys of a map are one. */
const MAP_KEYS = ["String", "Int", "UInt", "UUID", "Enum", "IPv4", "IPv6"];

/**
 * Why no column of a sink can be declared with this type, and what to declare instead; null if one can. ClickHouse
 * would refuse most of it when the table is made, some of it (`Dynamic`) it would take and show otherwise than written.
 */
export function typeProblem(text: string): string | null {
  try {
    return problemOf(parseClickHouseType(text));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return error.message;
  }
}

function problemOf(type: ClickHouseType): string | null {
  return wrappingProblem(type) ?? innerProblem(type);
}

function innerProblem(type: ClickHouseType): string | null {
  switch (type.name) {
    case "Array":
      return problemOf(type.element);
    case "Map":
      return mapKeyProblem(type) ?? problemOf(type.key) ?? problemOf(type.value);
    case "Tuple": {
      for (const element of type.elements) {
        const problem = problemOf(element);
        if (problem !== null) return problem;
      }
      return null;
    }
    case "Other":
      return unsupported(type);
    default:
      return null;
  }
}

function wrappingProblem(type: ClickHouseType): string | null {
  const { text, bare, name } = type;
  if (type.nullable && (name === "Array" || name === "Map" || name === "Tuple")) {
    const remedy = name === "Tuple"
      ? "make its elements Nullable, or map null to a tuple"
      : `map null to an empty one (${name === "Array" ? "[]" : "{}"}), or make what is in it Nullable`;
    return `Cannot use "${text}" as a type: ClickHouse has no Nullable(${name}). Declare ${bare}, and ${remedy}`;
  }
  if (type.lowCardinality && name !== "String" && name !== "FixedString" && name !== "UUID") {
    const remedy = type.nullable ? `Nullable(${bare})` : bare;
    return `Cannot use "${text}" as a type: ClickHouse has LowCardinality of String, FixedString and UUID, and ` +
      `refuses or discourages all others. Declare ${remedy}`;
  }
  return null;
}

function mapKeyProblem({ text, key }: Extract<ClickHouseType, { name: "Map" }>): string | null {
  if (!key.nullable && MAP_KEYS.includes(key.name)) return null;
  if (key.name === "Other") return null;
  return `Cannot use "${text}" as a type: the keys of a Map cannot be ${key.text}. Declare String, ` +
    "LowCardinality(String), an Int or UInt, UUID, Enum8, Enum16, IPv4 or IPv6";
}

function unsupported({ word, text }: Extract<ClickHouseType, { name: "Other" }>): string {
  if (word === "JSON") {
    return `Cannot use "${text}" as a type: paths with types of their own would change values. Declare JSON`;
  }
  const meant = ALIASES[word.toUpperCase()] ?? nearest(word, NAMES);
  const hint = meant === null ? "" : ` Did you mean ${meant}?`;
  return `Cannot use "${text}" as a type: Weir writes no ${word}.${hint} It writes: ${SUPPORTED}`;
}
