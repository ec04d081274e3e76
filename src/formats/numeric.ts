import { Decimal, DECIMAL_DIGITS_MAX } from "../record/decimal.ts";
import { LimitError } from "../record/errors.ts";
import { integerOfBase64, isBase64 } from "./base64.ts";
import { type ColumnType, NumberText, type Refusal, REFUSED, shown } from "./column_type.ts";
import { NOT_FINITE, WIDE_DIGITS_MAX } from "./wide_integer.ts";

/** As string mode writes a decimal of scale 0 that is long enough to be base64, which knows no minus. */
const DIGITS = /^(?:0|[1-9]\d*)$/;
/** Digits of a number that JSON.parse never rounds. */
const SAFE_DIGITS = 15;
/** 38 digits are 16 bytes, 24 characters of base64. */
const BASE64_MAX = 28;

/** Declared precision and scale, as in `numeric(12, 2)`; none for PostgreSQL's unconstrained numeric. */
interface Declared {
  readonly precision: number;
  readonly scale: number;
  /** 10^precision. */
  readonly limit: number | bigint;
}

/**
 * numeric in the forms of all of Debezium's decimal modes: text, JSON number, base64 of the unscaled integer, `{scale,
 * value}`.
 *
 * With Connect's Decimal in an attached schema a text is base64. Without, its form is told by the declared scale:
 * - scale above 0: `decimal.handling.mode=string` always writes the point, and base64 has none. A text without point
 *   is base64, unless it could be a plain number, too ("1234", which are three bytes in base64): that is refused,
 *   because a column whose scale is not declared as in the database may write it.
 * - scale 0: string mode writes digits alone, so digits are plain and every other base64 is refused: a column that
 *   shows it would show digits in base64, too, sooner or later.
 * - not declared: text is plain, because mode precise writes `{scale, value}` for such columns.
 *
 * With declared precision and scale the value has exactly that scale, and one that does not fit is refused.
 * @throws RangeError for a precision outside 1..38 or a scale outside 0..precision
 */
export function numericType(precision?: number, scale?: number): ColumnType<Decimal> {
  const declared = precision === undefined ? null : declare(precision, scale ?? 0);
  const name = declared === null ? "numeric" : `numeric(${declared.precision}, ${declared.scale})`;
  return {
    name,
    exact: "numbers",
    ...(declared !== null && { scale: declared.scale, precision: declared.precision }),
    read(wire) {
      try {
        const value = typeof wire === "string" ? fromText(wire, declared) : fromOther(wire);
        return value === null ? REFUSED : fit(value, declared);
      } catch (error) {
        if (error instanceof LimitError) return REFUSED;
        throw error;
      }
    },
    refusal: (wire) => refusal(wire, { name, declared }),
  };
}

function declare(precision: number, scale: number): Declared {
  if (!Number.isInteger(precision) || precision < 1 || precision > DECIMAL_DIGITS_MAX) {
    throw new RangeError(
      `Cannot use "${precision}" as numeric's precision: use 1 to ${DECIMAL_DIGITS_MAX}, with scale 0 up to ` +
        `${WIDE_DIGITS_MAX}, which gives integers. For other values declare z.string()`,
    );
  }
  if (!Number.isInteger(scale) || scale < 0 || scale > precision) {
    throw new RangeError(`Cannot use "${scale}" as numeric's scale: use 0 to the precision, ${precision}`);
  }
  return { precision, scale, limit: precision <= 15 ? 10 ** precision : 10n ** BigInt(precision) };
}

function fromText(text: string, declared: Declared | null): Decimal | null {
  // The commonest case first: the point stands where the declared scale puts it, and base64 has no points.
  if (declared !== null && text.charCodeAt(text.length - 1 - declared.scale) === 46) return Decimal.tryParse(text);
  if (NOT_FINITE.has(text)) return null;
  if (declared === null || !isBase64(text)) return Decimal.tryParse(text);
  if (declared.scale === 0) return DIGITS.test(text) ? Decimal.tryParse(text) : null;
  return text.length > BASE64_MAX || mayBePlain(text) ? null : unscaled(text, declared.scale);
}

/** True for base64 that reads as a number, too: digits, perhaps with an exponent. */
function mayBePlain(text: string): boolean {
  return /^\d+(?:[eE]\+?\d+)?$/.test(text);
}

function fromOther(wire: unknown): Decimal | null {
  if (wire instanceof NumberText) return Decimal.tryParse(wire.text);
  if (wire instanceof Decimal) return wire;
  if (typeof wire === "number") return ofNumber(wire);
  if (typeof wire === "bigint") return Decimal.of(wire);
  if (typeof wire !== "object" || wire === null) return null;
  const { scale, value } = wire as { scale?: unknown; value?: unknown };
  const digits = scale instanceof NumberText ? Number(scale.text) : scale;
  if (typeof digits !== "number" || !Number.isSafeInteger(digits) || typeof value !== "string") return null;
  return value.length > BASE64_MAX ? null : unscaled(value, digits);
}

/** Of a number that JSON.parse made, inside of an object: null if it may have been rounded. */
function ofNumber(wire: number): Decimal | null {
  if (!Number.isFinite(wire)) return null;
  if (Number.isSafeInteger(wire)) return Decimal.of(wire);
  const text = String(wire);
  const digits = text.replace(/e.*$/, "").replace(/^-?0*\.?0*|[.-]/g, "");
  return digits.length <= SAFE_DIGITS ? Decimal.tryParse(text) : null;
}

/**
 * The decimal with unscaled value `base64`. `scale` may be any integer: PostgreSQL allows more than 38, and negative
 * ones.
 */
function unscaled(base64: string, scale: number): Decimal | null {
  const units = integerOfBase64(base64);
  if (units === null) return null;
  return scale >= 0 && scale <= DECIMAL_DIGITS_MAX ? Decimal.of(units, scale) : Decimal.tryParse(`${units}E${-scale}`);
}

function fit(value: Decimal, declared: Declared | null): Decimal | typeof REFUSED {
  if (declared === null) return value;
  const scaled = value.scale === declared.scale ? value : losslessly(value, declared.scale);
  if (scaled === null) return REFUSED;
  return scaled.units < declared.limit && scaled.units > -declared.limit ? scaled : REFUSED;
}

function losslessly(value: Decimal, scale: number): Decimal | null {
  const scaled = value.rescale(scale, { rounding: "truncate" });
  return scaled.equals(value) ? scaled : null;
}

function refusal(wire: unknown, { name, declared }: { name: string; declared: Declared | null }): Refusal {
  if ((typeof wire === "string" && NOT_FINITE.has(wire)) || (typeof wire === "number" && !Number.isFinite(wire))) {
    return {
      reason: "not_finite",
      message: `expected a finite ${name}: current value is ${
        shown(wire)
      }. Forbid it with a CHECK constraint at the source`,
    };
  }
  if (fitsNot(wire, declared)) {
    return {
      reason: "overflow",
      message: `expected a ${name}: current value is ${current(wire)}, which does not fit. ` +
        `Declare the column as it is in the database now, with at most ${DECIMAL_DIGITS_MAX} digits, integers with ` +
        `up to ${WIDE_DIGITS_MAX} (numeric(${WIDE_DIGITS_MAX}, 0)), longer ones as z.string()`,
    };
  }
  return {
    reason: "wrong_type",
    message: `expected a ${name}: current value is ${current(wire)}${hint(wire, declared)}`,
  };
}

/** Of a decimal as an unscaled value and a scale: both, as the value alone is not what the message had. */
function current(wire: unknown): string {
  if (typeof wire !== "object" || wire === null) return shown(wire);
  const { scale, value } = wire as { scale?: unknown; value?: unknown };
  return typeof value === "string" ? `base64 ${shown(value)} of scale ${shown(scale)}` : shown(wire);
}

/** What to do about a number in a form that is not certain, beginning with a full stop; or empty. */
function hint(wire: unknown, declared: Declared | null): string {
  if (typeof wire === "number") {
    return ". Inside of an object a number of so many digits is not exact: write it as text";
  }
  const units = typeof wire === "string" ? integerOfBase64(wire) : null;
  if (units === null) return "";
  if (declared === null) {
    return ". If this is base64 of an unscaled value, declare numeric(precision, scale) or use " +
      "decimal.handling.mode=string";
  }
  const form = declared.scale > 0
    ? `, which may be plain or base64 of the unscaled value ${units}`
    : ", which is base64";
  const remedy = 'use decimal.handling.mode=string, attach Connect schemas, or declare format: { decimals: "precise" }';
  return `${form}: ${remedy}` +
    (declared.scale > 0 ? ", and declare precision and scale as in the database" : "");
}

/** True if `wire` is a number of some form, so that only its size or scale can be wrong. */
function fitsNot(wire: unknown, declared: Declared | null): boolean {
  try {
    return (typeof wire === "string" ? fromText(wire, declared) : fromOther(wire)) !== null || longBase64(wire);
  } catch {
    return true;
  }
}

function longBase64(wire: unknown): boolean {
  const value = typeof wire === "object" && wire !== null ? (wire as { value?: unknown }).value : null;
  return typeof value === "string" && value.length > BASE64_MAX && integerOfBase64(value.slice(0, BASE64_MAX)) !== null;
}
