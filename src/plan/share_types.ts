import type { TotalSpec } from "../dsl/aggregate_spec.ts";
import type { ClickHouseType } from "../record/clickhouse_type.ts";

/** Greatest number of fraction digits of a decimal value. */
const SCALE_MAX = 38;
/** Digits of the types of 128 and of 256 bits. */
const DIGITS = { narrow: 38, wide: 76 } as const;
/** Digits of a narrow type that are kept free for a million tasks: what is added up there has no more than the rest. */
const SUMMED_DIGITS = 32;
/** Digits that the sum of an average has beyond the average: it may be of a billion rows. */
const COUNT_DIGITS = 9;
/** Precision up to which a decimal compared by min or max has at least ten digits more on both sides in 128 bits. */
const NARROW_PRECISION_MAX = 18;
/** Fraction digits that a decimal compared by min or max may have beyond those of its wide column. */
const MORE_SCALE = 20;

/** ClickHouse types of a total's shares. */
export interface ShareTypes {
  /** What is added up or compared. */
  readonly value: string;
  /** Of decimals that are added up: the digits beyond the total's scale, nearly always 0. */
  readonly rest?: string;
  /** Of an average: the number of values. */
  readonly count?: string;
}

/**
 * Types of a total's shares for its declared type; null when such a total cannot be of that type. They are signed and
 * wider than the total, as what a task has to tell may be far from what all tasks have together: a refund is negative
 * in an unsigned column, and the least of one task may be too great for the column. For what most columns hold 128 bits
 * do; ClickHouse divides by 256 bits so slowly that queries would take five times as long.
 *
 * Texts are compared as texts: ClickHouse's own order of a UUID begins in its middle, and that of an Enum is the order
 * of its numbers.
 */
export function shareTypes(spec: TotalSpec, type: ClickHouseType): ShareTypes | null {
  if (type.name === "Decimal" && type.scale > SCALE_MAX) return null;
  switch (spec.kind) {
    case "count":
      return isNumber(type) ? { value: "Int64" } : null;
    case "sum":
      if (type.name === "Decimal") return summedDecimal(type.precision, type.scale);
      return isNumber(type) ? { value: integerType(type) } : null;
    case "avg":
      if (type.name !== "Decimal" || type.scale < spec.scale) return null;
      return { ...summedDecimal(type.precision + COUNT_DIGITS, spec.scale), count: "Int64" };
    case "min":
    case "max": {
      const value = comparedType(type);
      return value === null ? null : { value: `Nullable(${value})` };
    }
  }
}

/** Whether a column takes numbers. */
export function isNumber({ name }: ClickHouseType): boolean {
  return name === "Int" || name === "UInt" || name === "Decimal" || name === "Float";
}

function integerType(type: ClickHouseType): string {
  return (type.name === "Int" || type.name === "UInt") && type.bits > 64 ? "Int256" : "Int128";
}

function summedDecimal(precision: number, scale: number): ShareTypes {
  const digits = precision <= SUMMED_DIGITS ? DIGITS.narrow : DIGITS.wide;
  return { value: `Decimal(${digits}, ${scale})`, rest: `Decimal(${DIGITS.wide}, ${SCALE_MAX})` };
}

function comparedType(type: ClickHouseType): string | null {
  switch (type.name) {
    case "Int":
    case "UInt":
      return type.name === "UInt" && type.bits === 256 ? "UInt256" : integerType(type);
    case "Decimal": {
      const { precision, scale } = type;
      // The digits that a narrow column leaves go to both sides of the point.
      return precision <= NARROW_PRECISION_MAX
        ? `Decimal(${DIGITS.narrow}, ${scale + ((DIGITS.narrow - precision) >> 1)})`
        : `Decimal(${DIGITS.wide}, ${Math.min(SCALE_MAX, scale + MORE_SCALE)})`;
    }
    case "Float":
      return "Float64";
    case "Date":
    case "Date32":
      return "Int64";
    case "DateTime":
    case "DateTime64":
      return "Int64";
    case "String":
    case "FixedString":
    case "UUID":
    case "Enum":
      return "String";
    case "Bool":
    case "IPv4":
    case "IPv6":
    case "Array":
    case "Map":
    case "Tuple":
    case "JSON":
    case "Other":
      return null;
  }
}
