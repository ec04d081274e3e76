import { DECIMAL_DIGITS_MAX } from "../../record/decimal.ts";
import { quotedText } from "./quoted_text.ts";

/** A type of PostgreSQL's catalogue, domains taken off. */
export interface PostgresType {
  /** `pg_type.typname`: `int8`, `numeric`. */
  readonly name: string;
  /** `pg_type.typtype`: `b` base, `e` enum, `c` composite, `r` range, `m` multirange. */
  readonly kind: string;
  /** `pg_type.typcategory`. */
  readonly category: string;
  /** Null if none is declared. */
  readonly typmod: number | null;
  /** Of enums, in their order. */
  readonly labels: readonly string[];
}

/** The connector's `time.precision.mode`, of which the unit of times depends. */
export const TIME_MODES = [
  "microseconds",
  "isostring",
  "adaptive",
  "adaptive_time_microseconds",
  "connect",
] as const;
export type TimeMode = typeof TIME_MODES[number];

/** How a type is declared, or why it cannot be. */
export type Declared =
  | { readonly expression: string; readonly comment?: string }
  | { readonly refused: string };

const WIDE_DIGITS_MAX = 78;
/** numeric's modifier is this much more than precision and scale. */
const HEADER = 4;

/** Types that are declared without anything more. */
const PLAIN: Readonly<Record<string, string>> = {
  bool: "z.boolean()",
  int2: "z.int()",
  int4: "z.int()",
  int8: "int8()",
  oid: "int8()",
  float4: "float8()",
  float8: "float8()",
  // In units of the smallest coin, with 64 bits; Debezium's money.fraction.digits is 2 unless set.
  money: "numeric(19, 2)",
  date: "date()",
  timetz: "time()",
  json: "json()",
  jsonb: "json()",
  uuid: "uuid()",
  bytea: "bytea()",
  varbit: "bytea()",
  citext: "citext()",
};
/** Types that Debezium writes as PostgreSQL's own text. */
const TEXTS = new Set(["text", "varchar", "name", "xml", "ltree", "tsvector", "inet", "cidr", "macaddr", "macaddr8"]);
const RANGES = new Set(["int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"]);
/** Types of which Debezium makes arrays that cannot be read, or none. */
const NO_ELEMENTS = new Set(["money", "bit", "varbit", "xml", "ltree", "tsvector", "bytea", "time", "timetz"]);

/**
 * How a column of the type is declared. Source of the forms: Debezium's "Data type mappings" of its PostgreSQL
 * connector, with `decimal.handling.mode=string`.
 */
export function declaredType(type: PostgresType, { mode }: { readonly mode: TimeMode | undefined }): Declared {
  const { name, kind, typmod, labels } = type;
  if (kind === "e") return { expression: `z.enum([${labels.map(quotedText).join(", ")}])` };
  if (Object.hasOwn(PLAIN, name)) return { expression: PLAIN[name] };
  if (TEXTS.has(name) || RANGES.has(name)) return { expression: "z.string()" };
  switch (name) {
    case "numeric":
      return declaredNumeric(typmod);
    case "bpchar":
      return { expression: typmod === null ? "char()" : `char(${typmod - HEADER})` };
    case "bit":
      return { expression: typmod === null || typmod === 1 ? "z.boolean()" : "bytea()" };
    case "timestamptz":
      return { expression: `timestamptz(${typmod === null || typmod === 6 ? "" : typmod})` };
    case "timestamp":
    case "time":
      return declaredTime(name, { typmod, mode });
  }
  return { refused: `${name} has no type in Weir` };
}

/** The same of an array of the type. */
export function declaredArray(element: PostgresType, options: { readonly mode: TimeMode | undefined }): Declared {
  const declared = NO_ELEMENTS.has(element.name)
    ? { refused: `${element.name}[] has no type in Weir` }
    : declaredType(element, options);
  if ("refused" in declared) return { refused: `${element.name}[] has no type in Weir` };
  return { ...declared, expression: `z.array(${declared.expression})` };
}

function declaredNumeric(typmod: number | null): Declared {
  if (typmod === null) return { expression: "numeric()" };
  const precision = ((typmod - HEADER) >> 16) & 0xffff;
  // Eleven bits with a sign since PostgreSQL 15.
  const scale = (((typmod - HEADER) & 0x7ff) ^ 0x400) - 0x400;
  if (precision <= DECIMAL_DIGITS_MAX && scale >= 0 && scale <= precision) {
    return { expression: `numeric(${precision}, ${scale})` };
  }
  if (precision > DECIMAL_DIGITS_MAX && precision <= WIDE_DIGITS_MAX && scale === 0) {
    return { expression: `numeric(${precision}, 0)` };
  }
  return {
    expression: "numeric()",
    comment: `numeric(${precision}, ${scale}): values of more than ${DECIMAL_DIGITS_MAX} digits are refused.`,
  };
}

/** Times of at most three digits arrive in milliseconds in some modes. */
function declaredTime(
  name: "timestamp" | "time",
  { typmod, mode }: { readonly typmod: number | null; readonly mode: TimeMode | undefined },
): Declared {
  if (mode === "connect") return { expression: `${name}(3)` };
  const asDeclared = mode === "adaptive" || (mode === "adaptive_time_microseconds" && name === "timestamp");
  if (asDeclared) return { expression: `${name}(${typmod === null || typmod === 6 ? "" : typmod})` };
  if (mode !== undefined || typmod === null || typmod > 3) return { expression: `${name}()` };
  return {
    expression: `${name}()`,
    comment: `${name}(${typmod}) in the database: declare it so for the connector's time.precision.mode=adaptive.`,
  };
}
