import { integerOfBase64 } from "./base64.ts";
import { type ColumnType, NumberText, type Refusal, REFUSED, wrongType } from "./column_type.ts";
import type { Int8 } from "./int8.ts";

/** Digits of the greatest number of 256 bits. */
export const WIDE_DIGITS_MAX = 78;
/** Characters of a text that is looked at. */
const TEXT_MAX = 200;
const INTEGER = /^(-?\d+)(?:\.0+)?$/;
/** Texts that Debezium writes for numeric's NaN and infinities, in its modes string and double. */
export const NOT_FINITE: ReadonlySet<string> = new Set([
  ...["NAN", "NaN", "POSITIVE_INFINITY", "NEGATIVE_INFINITY", "Infinity", "-Infinity"],
]);

/**
 * numeric of more digits than a Decimal has, without a fraction: an integer, as every integer a number where that is
 * exact, else a bigint. In the forms of all of Debezium's decimal modes; a text without a schema is digits, as
 * `decimal.handling.mode=string` writes it, and no base64. What a double may have rounded is refused.
 */
export function wideIntegerType(precision: number): ColumnType<Int8> {
  const limit = 10n ** BigInt(precision);
  const name = `numeric(${precision}, 0)`;
  return {
    name,
    exact: "numbers",
    scale: 0,
    integer: true,
    read(wire) {
      const value = integerIn(wire);
      if (value === null || value >= limit || value <= -limit) return REFUSED;
      const small = Number(value);
      return Number.isSafeInteger(small) ? small : value;
    },
    refusal: (wire) => refusal(wire, name),
  };
}

function integerIn(wire: unknown): bigint | null {
  if (typeof wire === "string") return integerOfText(wire);
  if (typeof wire === "bigint") return wire;
  if (typeof wire === "number") return Number.isSafeInteger(wire) ? BigInt(wire) : null;
  if (wire instanceof NumberText) return integerOfText(wire.text) ?? exactInteger(Number(wire.text));
  if (typeof wire !== "object" || wire === null) return null;
  const { scale, value } = wire as { scale?: unknown; value?: unknown };
  const digits = scale instanceof NumberText ? Number(scale.text) : scale;
  if (typeof digits !== "number" || !Number.isInteger(digits) || Math.abs(digits) > TEXT_MAX) return null;
  if (typeof value !== "string" || value.length > TEXT_MAX) return null;
  const units = integerOfBase64(value);
  if (units === null) return null;
  const power = 10n ** BigInt(Math.abs(digits));
  if (digits <= 0) return BigInt(units) * power;
  return BigInt(units) % power === 0n ? BigInt(units) / power : null;
}

function integerOfText(text: string): bigint | null {
  const match = text.length > TEXT_MAX ? null : INTEGER.exec(text);
  return match === null ? null : BigInt(match[1]);
}

/** Of a double that Java wrote with an exponent: beyond 2^53 its last digits are lost. */
function exactInteger(value: number): bigint | null {
  return Number.isSafeInteger(value) ? BigInt(value) : null;
}

function refusal(wire: unknown, name: string): Refusal {
  if ((typeof wire === "string" && NOT_FINITE.has(wire)) || (typeof wire === "number" && !Number.isFinite(wire))) {
    const { message } = wrongType(`a finite ${name}`, wire);
    return { reason: "not_finite", message: `${message}. Forbid it with a CHECK constraint at the source` };
  }
  const { message } = wrongType(`a ${name}`, wire);
  const long = typeof wire === "string" && wire.length > TEXT_MAX && /^-?\d+$/.test(wire);
  if (integerIn(wire) !== null || long) {
    return { reason: "overflow", message: `${message}, which has more digits. Declare the column as in the database` };
  }
  if (wire instanceof NumberText && Number.isInteger(Number(wire.text))) {
    const advice = "which is a double that has lost digits: use decimal.handling.mode=string";
    return { reason: "overflow", message: `${message}, ${advice}` };
  }
  const base64 = typeof wire === "string" && integerOfBase64(wire) !== null;
  const remedy = "use decimal.handling.mode=string, attach Connect schemas, or declare format: " +
    '{ decimals: "precise" }';
  return { reason: "wrong_type", message: base64 ? `${message}, which is base64: ${remedy}` : message };
}
