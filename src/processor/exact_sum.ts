import type { Exact } from "../dsl/aggregates.ts";
import { Decimal, DECIMAL_DIGITS_MAX } from "../record/decimal.ts";

/**
 * An exact sum as tasks tell it each other. An integer of any size is itself; so is a decimal, unless it needs more
 * digits than a Decimal has: then it is its units and its scale.
 */
export type SumPart = Exact | readonly [units: bigint, scale: number];

/**
 * A sum of integers and decimals that never loses a digit and has no limit, so that a removal gives back exactly what
 * was there before the addition. Law: {@link part} is by value a function of the bag of what was added and not removed.
 *
 * `units` is a number as long as that is exact: money of one scale costs two additions and no allocation.
 */
export class ExactSum {
  /** The sum in units of 10^-scale. */
  units: number | bigint = 0;
  /** The greatest scale of all that was ever added. */
  scale = 0;
  /** Decimals among what was added and not removed: without any, the sum is an integer. */
  #decimals = 0;

  add(value: SumPart): void {
    if (typeof value === "number") return this.#plus(value, 0);
    if (typeof value === "bigint") return this.#plus(value, 0);
    this.#decimals++;
    if (value instanceof Decimal) this.#plus(value.units, value.scale);
    else this.#plus(value[0], value[1]);
  }

  remove(value: Exact): void {
    if (typeof value === "number") return this.#plus(0 - value, 0);
    if (typeof value === "bigint") return this.#plus(-value, 0);
    this.#decimals--;
    this.#plus(typeof value.units === "number" ? 0 - value.units : -value.units, value.scale);
  }

  /** The sum as others see it. */
  part(): SumPart {
    if (this.#decimals === 0) return this.scale === 0 ? this.units : integer(BigInt(this.units) / power(this.scale));
    if (typeof this.units === "number") return Decimal.of(this.units, this.scale);
    return fits(this.units) ? Decimal.of(this.units, this.scale) : [this.units, this.scale];
  }

  /**
   * The sum as a value of a row.
   * @throws LimitError for a decimal that needs more than 38 digits
   */
  value(): Exact {
    const part = this.part();
    if (!Array.isArray(part)) return part as Exact;
    let [units, scale] = part as readonly [bigint, number];
    for (; scale > 0 && !fits(units) && units % 10n === 0n; scale--) units /= 10n;
    return Decimal.of(units, scale);
  }

  /**
   * The sum divided by a number of values, with `scale` fraction digits, further ones cut off.
   * @throws LimitError when that needs more than 38 digits
   */
  dividedBy(values: number, scale: number): Decimal {
    const dividend = BigInt(this.units) * power(Math.max(0, scale - this.scale));
    const divisor = BigInt(values) * power(Math.max(0, this.scale - scale));
    return Decimal.of(dividend / divisor, scale);
  }

  #plus(units: number | bigint, scale: number): void {
    if (scale === this.scale && typeof units === "number" && typeof this.units === "number") {
      const sum = this.units + units;
      if (Number.isSafeInteger(sum)) {
        this.units = sum;
        return;
      }
    }
    const wider = Math.max(this.scale, scale);
    const sum = BigInt(this.units) * power(wider - this.scale) + BigInt(units) * power(wider - scale);
    this.units = integer(sum);
    this.scale = wider;
  }
}

const POWERS = Array.from({ length: DECIMAL_DIGITS_MAX + 1 }, (_, exponent) => 10n ** BigInt(exponent));

function power(exponent: number): bigint {
  return POWERS[exponent];
}

function fits(units: bigint): boolean {
  const limit = power(DECIMAL_DIGITS_MAX);
  return units < limit && units > -limit;
}

/** An integer has one form, as everywhere: a number where that is exact, else a bigint. */
function integer(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}
