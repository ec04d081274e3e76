import { assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { LimitError } from "../../src/record/errors.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { decodeWire, encodeWire } from "../../src/record/wire.ts";
import { ExactSum, type SumPart } from "../../src/processor/exact_sum.ts";

const big = Decimal.parse("99999999999999999999999999999999999999");
const values = [
  ...[0, 1, -7, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2n ** 64n, -(2n ** 200n), 10n ** 60n],
  ...["0.01", "-19.90", "1.5", "0.00000000000000000000000000000000000001"].map((text) => Decimal.parse(text)),
  ...[big, big.negate(), Decimal.parse("5e37")],
];

/** A part as numerator over 10^38. */
function units(part: SumPart): bigint {
  const [whole, scale] = part instanceof Decimal
    ? [BigInt(part.units), part.scale]
    : Array.isArray(part)
    ? part as readonly [bigint, number]
    : [BigInt(part as number | bigint), 0];
  return whole * 10n ** BigInt(38 - scale);
}

Deno.test("ExactSum is what was added and not removed, whatever went through it, also beyond 38 digits", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = mulberry32(seed);
  const sum = new ExactSum();
  const bag: (typeof values[number])[] = [];
  for (let round = 0; round < 3_000; round++) {
    if (bag.length > 0 && random() < 0.45) sum.remove(bag.splice(Math.floor(random() * bag.length), 1)[0]);
    else {
      const value = values[Math.floor(random() * values.length)];
      bag.push(value);
      sum.add(value);
    }
    const part = sum.part();
    assertEquals(
      units(part),
      bag.reduce((all: bigint, value) => all + units(value), 0n),
      `seed ${seed}, round ${round}`,
    );
    const integer = !bag.some((value) => value instanceof Decimal);
    assertEquals(typeof part === "number" || typeof part === "bigint", integer, `seed ${seed}, round ${round}`);
    const told = new ExactSum();
    told.add(decodeWire(encodeWire(part)) as SumPart);
    assertEquals(units(told.part()), units(part), `seed ${seed}, round ${round}: as other tasks get it`);
  }
});

Deno.test("ExactSum.value() is a Decimal of at most 38 digits, and there again once it fits", () => {
  const sum = new ExactSum();
  sum.add(big);
  sum.add(big);
  assertThrows(() => sum.value(), LimitError);
  assertEquals(sum.dividedBy(2, 0).toString(), big.toString());
  sum.remove(big);
  assertEquals(sum.value().toString(), big.toString());
});
