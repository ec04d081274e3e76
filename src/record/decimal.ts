import {
  bigPower,
  DECIMAL_DIGITS_MAX,
  fitted,
  formatScaled,
  MAGNITUDE_LIMIT,
  overflow,
  parseScaled,
  POWERS,
} from "./decimal_text.ts";

export { DECIMAL_DIGITS_MAX } from "./decimal_text.ts";

/**
 * What to do with digits that a smaller scale cannot hold: cut them off, or round half away from zero as PostgreSQL
 * does.
 */
export type Rounding = "truncate" | "half_up";

/**
 * An exact decimal number: `units` / 10^`scale`. Immutable. Compared by value: `1.5` equals `1.50`; the scale is what
 * `toString` shows. At most 38 significant digits and 38 fraction digits; an operation whose exact result needs more
 * throws `LimitError`.
 *
 * `units` is a number as long as that is exact, so that money costs no bigint: `plus`, `minus`, `times` and `compare`
 * of such values take about 10-20 ns. JavaScript's own operators do not see the value: `<` and `*` on a Decimal throw a
 * TypeError.
 */
export class Decimal {
  /** Zero, scale 0. */
  static readonly zero: Decimal = new Decimal(0, 0);

  private constructor(readonly units: number | bigint, readonly scale: number) {}

  /**
   * From plain text or text with an exponent ("19.90", "-0.01", "1E-7"); keeps trailing zeros of the fraction.
   * @throws TypeError if `text` is not a decimal. @throws LimitError if it needs more than 38 digits
   */
  static parse(text: string): Decimal {
    return Decimal.tryParse(text) ?? notDecimal(text);
  }

  /**
   * As {@link Decimal.parse}, but `null` if `text` is not a decimal. @throws LimitError if it needs more than 38 digits
   */
  static tryParse(text: string): Decimal | null {
    const length = text.length;
    if (length > 16) return parsedSlowly(text);
    let index = text.charCodeAt(0) === 45 ? 1 : 0;
    const negative = index === 1;
    const first = index;
    let units = 0;
    let point = -1;
    for (; index < length; index++) {
      const digit = text.charCodeAt(index) - 48;
      if (digit >= 0 && digit <= 9) units = units * 10 + digit;
      else if (digit === -2 && point < 0 && index > first) point = index;
      else return parsedSlowly(text);
    }
    if (index === first || point === length - 1) return null;
    // At most 16 digits: more than 2^53 only for the greatest of them.
    if (units > Number.MAX_SAFE_INTEGER) return parsedSlowly(text);
    return new Decimal(negative && units !== 0 ? -units : units, point < 0 ? 0 : length - 1 - point);
  }

  /**
   * The decimal of `value` units of 10^-`scale`: `Decimal.of(1990, 2)` is 19.90.
   * @throws RangeError for a number that is not a safe integer, or a scale outside 0..38.
   * @throws LimitError beyond 38 digits
   */
  static of(value: number | bigint, scale = 0): Decimal {
    checkScale(scale);
    if (typeof value === "bigint") return new Decimal(fitted(value), scale);
    if (!Number.isSafeInteger(value)) throw notInteger(value);
    return new Decimal(value + 0, scale);
  }

  /** Exact sum; its scale is the greater one, unless zeros must go for the digits to fit. */
  plus(other: Decimal): Decimal {
    const { units, scale } = this;
    if (scale === other.scale && typeof units === "number" && typeof other.units === "number") {
      const sum = units + other.units;
      if (Number.isSafeInteger(sum)) return new Decimal(sum, scale);
    }
    return added(this, other.units, other.scale);
  }

  /** Exact difference; its scale is the greater one. */
  minus(other: Decimal): Decimal {
    const { units, scale } = this;
    if (scale === other.scale && typeof units === "number" && typeof other.units === "number") {
      const difference = units - other.units;
      if (Number.isSafeInteger(difference)) return new Decimal(difference, scale);
    }
    return added(this, -other.units, other.scale);
  }

  /**
   * Exact product; its scale is the sum of both, or 38 if the digits beyond are zeros.
   * @throws RangeError for a number that is not a safe integer.
   * @throws LimitError if the product needs more than 38 digits
   */
  times(factor: Decimal | number | bigint): Decimal {
    let units: number | bigint;
    let scale = this.scale;
    if (typeof factor === "object") {
      units = factor.units;
      scale += factor.scale;
    } else {
      units = factor;
      if (typeof factor === "number" && !Number.isSafeInteger(factor)) throw notInteger(factor);
    }
    if (typeof units === "number" && typeof this.units === "number" && scale <= DECIMAL_DIGITS_MAX) {
      const product = this.units * units;
      // "+ 0" makes 0 of -0.
      if (Number.isSafeInteger(product)) return new Decimal(product + 0, scale);
    }
    return made(BigInt(this.units) * BigInt(units), scale);
  }

  /** The value with the other sign. */
  negate(): Decimal {
    return new Decimal(typeof this.units === "number" ? 0 - this.units : -this.units, this.scale);
  }

  /** The value without its sign. */
  abs(): Decimal {
    return this.units < 0 ? this.negate() : this;
  }

  /** -1, 0 or 1 as this is less than, equal to or greater than `other`. */
  compare(other: Decimal): -1 | 0 | 1 {
    let a = this.units;
    let b = other.units;
    if (this.scale !== other.scale) {
      const difference = this.scale - other.scale;
      if (difference > 0) b = raised(b, difference);
      else a = raised(a, -difference);
    }
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** Equal by value, whatever the scales. */
  equals(other: Decimal): boolean {
    return this.scale === other.scale ? this.units === other.units : this.compare(other) === 0;
  }

  /** True for zero of any scale. */
  isZero(): boolean {
    return this.units === 0;
  }

  /**
   * The quotient with `scale` fraction digits, further digits cut off (toward zero).
   * @throws RangeError if `other` is zero or `scale` is outside 0..38
   */
  dividedBy(other: Decimal, scale: number): Decimal {
    checkScale(scale);
    if (other.isZero()) throw new RangeError(`Cannot divide "${this}" by zero: check isZero() first`);
    // this/other = (a * 10^-s1) / (b * 10^-s2), in units of 10^-scale: a * 10^(scale + s2 - s1) / b.
    const shift = scale + other.scale - this.scale;
    const dividend = BigInt(this.units) * (shift > 0 ? bigPower(shift) : 1n);
    const divisor = BigInt(other.units) * (shift < 0 ? bigPower(-shift) : 1n);
    return new Decimal(fitted(dividend / divisor), scale);
  }

  /**
   * The same value with `scale` fraction digits.
   * @throws RangeError if digits would be lost and no rounding is given. @throws LimitError beyond 38 digits
   */
  rescale(scale: number, options?: { readonly rounding: Rounding }): Decimal {
    if (scale === this.scale) return this;
    checkScale(scale);
    if (scale > this.scale) {
      const raisedUnits = raised(this.units, scale - this.scale);
      return new Decimal(typeof raisedUnits === "number" ? raisedUnits : fitted(raisedUnits), scale);
    }
    const units = BigInt(this.units);
    const divisor = bigPower(this.scale - scale);
    let quotient = units / divisor;
    const rest = units % divisor;
    if (rest !== 0n && options === undefined) {
      throw new RangeError(
        `Cannot rescale "${this}" as a decimal with ${scale} fraction digits: digits would be lost. Pass a rounding`,
      );
    }
    if (options?.rounding === "half_up" && 2n * (rest < 0n ? -rest : rest) >= divisor) {
      quotient += units < 0n ? -1n : 1n;
    }
    return new Decimal(fitted(quotient), scale);
  }

  /** The nearest double; exact only for few digits. For display and statistics, never for further sums. */
  toNumber(): number {
    // One correctly rounded division of two exact doubles is the nearest double.
    if (typeof this.units === "number" && this.scale < POWERS.length) return this.units / POWERS[this.scale];
    return Number(this.toString());
  }

  /** Plain text with exactly `scale` fraction digits: "19.90". */
  toString(): string {
    return formatScaled(this.units, this.scale);
  }

  /** As {@link Decimal.toString}: a JSON string, so that no reader makes a double of it. */
  toJSON(): string {
    return this.toString();
  }

  /** Text where text is asked for. @throws TypeError where an operator asks for a number */
  [Symbol.toPrimitive](hint: string): string {
    if (hint !== "number") return this.toString();
    throw new TypeError(`Cannot use "${this}" as an operand: a Decimal has plus(), times(), compare(), toNumber()`);
  }
}

/** Units of 10^-`by` smaller size; a number where that is exact. */
function raised(units: number | bigint, by: number): number | bigint {
  if (typeof units === "number" && by < POWERS.length) {
    const product = units * POWERS[by];
    if (Number.isSafeInteger(product)) return product;
  }
  return BigInt(units) * bigPower(by);
}

function added(decimal: Decimal, otherUnits: number | bigint, otherScale: number): Decimal {
  const scale = Math.max(decimal.scale, otherScale);
  const a = raised(decimal.units, scale - decimal.scale);
  const b = raised(otherUnits, scale - otherScale);
  if (typeof a === "number" && typeof b === "number" && Number.isSafeInteger(a + b)) return Decimal.of(a + b, scale);
  return made(BigInt(a) + BigInt(b), scale);
}

/** Of any size and a scale up to 76: trailing zeros of the fraction are dropped as far as the digits would not fit. */
function made(units: bigint, scale: number): Decimal {
  let rest = units;
  let kept = scale;
  const large = () => kept > DECIMAL_DIGITS_MAX || rest >= MAGNITUDE_LIMIT || rest <= -MAGNITUDE_LIMIT;
  while (kept > 0 && large() && rest % 10n === 0n) {
    rest /= 10n;
    kept--;
  }
  if (kept > DECIMAL_DIGITS_MAX) throw overflow(formatScaled(units, scale));
  return Decimal.of(rest, kept);
}

function parsedSlowly(text: string): Decimal | null {
  const scaled = parseScaled(text);
  return scaled === null ? null : Decimal.of(scaled.units, scaled.scale);
}

function notDecimal(text: string): never {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  throw new TypeError(`Cannot read "${shown}" as a decimal: use digits with an optional minus, fraction and exponent`);
}

function notInteger(value: number): RangeError {
  return new RangeError(
    `Cannot use "${value}" as an exact factor or unit count: it is not a safe integer. ` +
      `Use a Decimal: Decimal.parse("${value}")`,
  );
}

function checkScale(scale: number): void {
  if (Number.isInteger(scale) && scale >= 0 && scale <= DECIMAL_DIGITS_MAX) return;
  throw new RangeError(`Cannot use "${scale}" as a scale: use an integer from 0 to ${DECIMAL_DIGITS_MAX}`);
}
