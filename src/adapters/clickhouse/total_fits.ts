import { type ClickHouseType, parseClickHouseType } from "../../record/clickhouse_type.ts";
import { DECIMAL_DIGITS_MAX, formatScaled } from "../../record/decimal_text.ts";
import { integerBounds, stepMicros } from "../../record/integer_range.ts";
import { literal } from "../../record/clickhouse_names.ts";

/** 2^128 - 2^103: the least number that a cast to Float32 makes an infinity of. */
const FLOAT32_END = "3.4028235677973366e38";

/** A total in a query. */
export interface TotalExpression {
  /** Gives the total in the type of its shares. */
  readonly sql: string;
  /** ClickHouse type that it has there; Nullable or not. */
  readonly type: string;
  /** Condition under which digits of the total are missing there; null if that cannot be. */
  readonly lost: string | null;
}

/** How a total becomes a value of its column. */
export interface FittedTotal {
  /** Condition: the total is a value of the column's type. Never null. */
  readonly fits: string;
  /** The value; any one where the total does not fit. Never throws, in whatever order ClickHouse evaluates. */
  readonly value: string;
}

/**
 * What a column of the `declared` type takes of a total, as the encoder of rows would: neither a range is left nor a
 * digit lost, and null needs a Nullable. A cast alone wraps integers around, cuts digits off, and ends the whole query
 * when a Decimal overflows.
 */
export function fittedTotal(declared: string, total: TotalExpression): FittedTotal {
  const type = parseClickHouseType(declared);
  const { sql, lost } = total;
  const rule = ruleOf(type, total);
  const { filler, cast } = rule;
  const condition = lost === null
    ? rule.condition
    : rule.condition === null
    ? `NOT ${lost}`
    : `(NOT ${lost} AND ${rule.condition})`;
  const always = condition === null;
  const [fits, given, otherwise] = !parseClickHouseType(total.type).nullable
    ? [condition ?? "true", sql, filler]
    : type.nullable
    ? [always ? "true" : `(isNull(${sql}) OR ${condition})`, sql, "NULL"]
    : [always ? `isNotNull(${sql})` : `ifNull(${condition}, false)`, `assumeNotNull(${sql})`, filler];
  const safe = fits === "true" ? given : `if(${fits}, ${given}, ${otherwise})`;
  return { fits, value: `CAST(${cast(safe)} AS ${declared})` };
}

interface Rule {
  /** Over a total that is not null; null: every one fits. */
  readonly condition: string | null;
  /** A total that fits. */
  readonly filler: string;
  readonly cast: (expression: string) => string;
}

const asIs = (expression: string) => expression;

function ruleOf(type: ClickHouseType, total: TotalExpression): Rule {
  const { sql } = total;
  const share = parseClickHouseType(total.type);
  const zero = `CAST(0 AS ${share.bare})`;
  switch (type.name) {
    case "Int":
    case "UInt":
      return { condition: integerCondition(type, total), filler: zero, cast: asIs };
    case "Float": {
      const condition = share.name !== "Float"
        // What a Float column takes of an integer is exact.
        ? within(total, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER])
        : type.bits === 32
        ? `(${sql} > -${FLOAT32_END} AND ${sql} < ${FLOAT32_END})`
        : null;
      return { condition, filler: zero, cast: asIs };
    }
    case "Decimal":
      return { condition: decimalCondition(type, total), filler: zero, cast: asIs };
    case "Date":
    case "Date32": {
      const cast = (days: string) => `addDays(toDate32('1970-01-01'), ${days})`;
      return { condition: within(total, integerBounds(type)), filler: zero, cast };
    }
    case "DateTime":
    case "DateTime64": {
      const zone = type.zone === null ? "" : `, '${type.zone}'`;
      const cast = (micros: string) => `fromUnixTimestamp64Micro(${micros}${zone})`;
      const range = within(total, integerBounds(type));
      const step = stepMicros(type);
      const condition = step === 1 ? range : `(${range} AND ${sql} % ${step} = 0)`;
      return { condition, filler: zero, cast };
    }
    case "UUID": {
      const filler = "'00000000-0000-0000-0000-000000000000'";
      return { condition: `isNotNull(accurateCastOrNull(${sql}, 'UUID'))`, filler, cast: asIs };
    }
    case "FixedString":
      return { condition: `length(${sql}) <= ${type.bytes}`, filler: "''", cast: asIs };
    case "Enum": {
      const names = type.elements.map(literal);
      return { condition: `${sql} IN (${names.join(", ")})`, filler: names[0], cast: asIs };
    }
    default:
      return { condition: null, filler: "''", cast: asIs };
  }
}

function integerCondition(type: Extract<ClickHouseType, { name: "Int" | "UInt" }>, total: TotalExpression) {
  const signed = parseClickHouseType(total.type).name === "Int";
  if (type.bits === 256) return type.name === "UInt" && signed ? `${total.sql} >= 0` : null;
  return within(total, integerBounds(type));
}

/**
 * Decimals of rows have at most 38 digits, also in wider columns; totals are no other. A comparison of Decimals brings
 * both to the greater scale, so the bound has the scale of the total: it must not overflow.
 */
function decimalCondition(
  type: { readonly precision: number; readonly scale: number },
  total: TotalExpression,
): string {
  const share = parseClickHouseType(total.type);
  const greatest = 10n ** BigInt(Math.min(type.precision, DECIMAL_DIGITS_MAX)) - 1n;
  const [precision, scale] = share.name === "Decimal" ? [share.precision, share.scale] : [DECIMAL_DIGITS_MAX, 0];
  const more = scale - type.scale;
  const units = more >= 0 ? greatest * 10n ** BigInt(more) : greatest / 10n ** BigInt(-more);
  const bound = (sign: string) => `CAST('${sign}${formatScaled(units, scale)}' AS Decimal(${precision}, ${scale}))`;
  const range = `${total.sql} >= ${bound("-")} AND ${total.sql} <= ${bound("")}`;
  if (more <= 0) return `(${range})`;
  const cut = `Decimal(${precision}, ${type.scale})`;
  return `(${range} AND ${total.sql} = CAST(${total.sql} AS ${share.nullable ? `Nullable(${cut})` : cut}))`;
}

/** Both bounds in the total's own type: one that lies beyond it cannot be passed. Null if neither can. */
function within(
  { sql, type }: TotalExpression,
  [low, high]: readonly [low: number | bigint, high: number | bigint],
): string | null {
  const share = parseClickHouseType(type);
  const bits = share.name === "Int" ? BigInt(share.bits) : 256n;
  const [least, most] = [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
  const bounds = [
    ...(BigInt(low) > least ? [`${sql} >= CAST('${low}' AS ${share.bare})`] : []),
    ...(BigInt(high) < most ? [`${sql} <= CAST('${high}' AS ${share.bare})`] : []),
  ];
  return bounds.length === 0 ? null : `(${bounds.join(" AND ")})`;
}
