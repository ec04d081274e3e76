import { assert, assertEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { LimitError } from "../../src/record/errors.ts";
import { randomFrom } from "./support.ts";

const NINES = "9".repeat(38);

Deno.test("Decimal.parse() keeps value and scale of plain texts and exponents", async (t) => {
  const cases: readonly [text: string, shown: string, units: number | bigint, scale: number][] = [
    ["0", "0", 0, 0],
    ["-0", "0", 0, 0],
    ["-0.00", "0.00", 0, 2],
    ["19.90", "19.90", 1990, 2],
    ["-0.01", "-0.01", -1, 2],
    ["007.5", "7.5", 75, 1],
    ["1E-7", "0.0000001", 1, 7],
    ["1.5e3", "1500", 1500, 0],
    ["1.2345678901234568E29", "123456789012345680000000000000", 123456789012345680000000000000n, 0],
    ["9007199254740991", "9007199254740991", 9007199254740991, 0],
    ["9007199254740993", "9007199254740993", 9007199254740993n, 0],
    ["-900719925474099.3", "-900719925474099.3", -9007199254740993n, 1],
    ["0.00000000000000000001", "0.00000000000000000001", 1, 20],
    ["0.0000000000000000000000000000000000000000", `0.${"0".repeat(38)}`, 0, 38],
    [`1.${"0".repeat(50)}`, `1.${"0".repeat(37)}`, 10n ** 37n, 37],
    [NINES, NINES, 10n ** 38n - 1n, 0],
    [`-0.${NINES}`, `-0.${NINES}`, 1n - 10n ** 38n, 38],
    ["0e999999999", "0", 0, 0],
  ];
  for (const [text, shown, units, scale] of cases) {
    await t.step(text.slice(0, 50), () => {
      const value = Decimal.parse(text);
      assertEquals([value.toString(), value.units, value.scale], [shown, units, scale]);
      assert(!Object.is(value.units, -0));
    });
  }
});

Deno.test("Decimal.parse() refuses what is not a decimal, and what needs more than 38 digits", () => {
  const malformed = [
    "",
    "-",
    ".",
    "1.",
    ".5",
    "+1",
    "1,5",
    " 1",
    "1 ",
    "1e",
    "0x10",
    "NaN",
    "Infinity",
    "--1",
    "1.2.3",
    "١",
  ];
  for (const text of malformed) assertThrows(() => Decimal.parse(text), TypeError, "as a decimal");
  const large = [
    `1${"0".repeat(38)}`,
    "123456789012345678901234567890.123456789",
    "1e38",
    "1e-39",
    `1e${"9".repeat(9)}`,
    "1".repeat(1e6),
  ];
  for (const text of large) assertThrows(() => Decimal.parse(text), LimitError, "38 digits");
});

Deno.test("Decimal.of() takes integer units only", () => {
  assertEquals(Decimal.of(1990, 2).toString(), "19.90");
  assertEquals(Decimal.of(5n).units, 5);
  assertEquals(Decimal.of(-0).units, 0);
  assertThrows(() => Decimal.of(0.1), RangeError, "Use a Decimal");
  assertThrows(() => Decimal.of(2 ** 53), RangeError);
  assertThrows(() => Decimal.of(1, 39), RangeError);
  assertThrows(() => Decimal.of(1, -1), RangeError);
  assertThrows(() => Decimal.of(10n ** 38n), LimitError);
});

Deno.test("Decimal arithmetic is exact where doubles are not", () => {
  const [a, b] = [Decimal.parse("0.1"), Decimal.parse("0.2")];
  assertEquals(a.plus(b).minus(b).toString(), "0.1");
  assertEquals(Decimal.parse("19.90").times(3).toString(), "59.70");
  assertEquals(Decimal.parse("19.90").times(Decimal.parse("0.15")).toString(), "2.9850");
  assertEquals(Decimal.parse("9007199254740991").plus(Decimal.of(1)).toString(), "9007199254740992");
  assertEquals(Decimal.parse("9007199254740992").minus(Decimal.of(1)).units, 9007199254740991);
  assertEquals(Decimal.of(94906267).times(94906267).toString(), "9007199515875289");
  assertEquals(Decimal.parse("1.5").times(10n).toString(), "15.0");
  assertEquals(Object.is(Decimal.zero.times(-5).units, 0), true);
  assertEquals(
    Decimal.parse("1e30").plus(Decimal.parse("0.0000000000")).toString(),
    `1${"0".repeat(30)}.${"0".repeat(7)}`,
  );
  const one = Decimal.parse(`1.${"0".repeat(30)}`);
  assert(one.times(one).equals(Decimal.of(1)));
  assertThrows(() => a.times(0.5), RangeError, "Use a Decimal");
  assertThrows(() => Decimal.parse(NINES).plus(Decimal.of(1)), LimitError);
  assertThrows(() => Decimal.parse(NINES).times(10), LimitError);
  assertThrows(() => Decimal.parse("1e-20").times(Decimal.parse("3e-20")), LimitError);
  assertEquals(
    Decimal.parse(`0.${"0".repeat(19)}2`).times(Decimal.parse(`0.${"0".repeat(18)}5`)).toString(),
    `0.${"0".repeat(37)}1`,
  );
});

Deno.test("Decimal.dividedBy() cuts toward zero", () => {
  const divide = (a: string, b: string, scale: number) =>
    Decimal.parse(a).dividedBy(Decimal.parse(b), scale).toString();
  assertEquals(divide("10", "3", 4), "3.3333");
  assertEquals(divide("-10", "3", 0), "-3");
  assertEquals(divide("2", "-3", 2), "-0.66");
  assertEquals(divide("1.00", "0.0003", 1), "3333.3");
  assertEquals(divide("0.000001", "1000", 2), "0.00");
  assertEquals(divide("1", "8", 38), `0.125${"0".repeat(35)}`);
  assertThrows(() => divide("1", "0.00", 2), RangeError, "zero");
});

Deno.test("Decimal.rescale() loses digits only when told how", () => {
  const value = Decimal.parse("-2.675");
  assertEquals(value.rescale(5).toString(), "-2.67500");
  assertEquals(value.rescale(2, { rounding: "truncate" }).toString(), "-2.67");
  assertEquals(value.rescale(2, { rounding: "half_up" }).toString(), "-2.68");
  assertEquals(Decimal.parse("2.674").rescale(2, { rounding: "half_up" }).toString(), "2.67");
  assertEquals(Decimal.parse("0.5").rescale(0, { rounding: "half_up" }).toString(), "1");
  assertEquals(Decimal.parse("1.500").rescale(1).toString(), "1.5");
  assertThrows(() => value.rescale(2), RangeError, "digits would be lost");
  assertThrows(() => Decimal.parse(NINES).rescale(1), LimitError);
  assertThrows(() => value.rescale(39, { rounding: "truncate" }), RangeError);
});

Deno.test("Decimal compares by value and prints where text is asked for", () => {
  const [a, b] = [Decimal.parse("1.5"), Decimal.parse("1.50")];
  assert(a.equals(b) && b.equals(a) && a.compare(b) === 0);
  assert(!a.equals(Decimal.parse("1.51")));
  assertEquals([a.compare(Decimal.of(2)), a.negate().compare(b), Decimal.parse(NINES).compare(a)], [-1, -1, 1]);
  assertEquals([a.negate().abs().toString(), a.abs().toString(), Decimal.zero.isZero(), a.isZero()], [
    "1.5",
    "1.5",
    true,
    false,
  ]);
  assertEquals(JSON.stringify({ b }), '{"b":"1.50"}');
  assertEquals(`${b}`, "1.50");
  assertThrows(() => Number(b), TypeError, "toNumber()");
  assertThrows(() => a < b, TypeError, "compare()");
});

Deno.test("Decimal.toNumber() is the nearest double", () => {
  for (const text of ["0.1", "19.90", "-1234567.891", "9007199254740993", "0.00000000000000000001", `0.${NINES}`]) {
    assertEquals(Decimal.parse(text).toNumber(), Number(text));
  }
});

Deno.test("Decimal agrees with bigint arithmetic on random values of all sizes", () => {
  const random = randomFrom(20_261_122);
  const digits = (count: number) => Array.from({ length: count }, () => random(10)).join("");
  const value = () => {
    const text = `${random(2) === 0 ? "" : "-"}${digits(1 + random(random(3) === 0 ? 18 : 6))}`;
    const scale = random(8);
    return { exact: BigInt(text), scale, decimal: Decimal.of(BigInt(text), scale) };
  };
  const at20 = ({ exact, scale }: { exact: bigint; scale: number }) => exact * 10n ** BigInt(20 - scale);
  const of20 = (decimal: Decimal) => BigInt(decimal.units) * 10n ** BigInt(20 - decimal.scale);
  for (let round = 0; round < 20_000; round++) {
    const [a, b] = [value(), value()];
    const context = `${a.decimal} and ${b.decimal}`;
    assertEquals(of20(a.decimal.plus(b.decimal)), at20(a) + at20(b), context);
    assertEquals(of20(a.decimal.minus(b.decimal)), at20(a) - at20(b), context);
    const product = a.decimal.times(b.decimal);
    assertEquals([BigInt(product.units), product.scale], [a.exact * b.exact, a.scale + b.scale], context);
    const order = at20(a) < at20(b) ? -1 : at20(a) > at20(b) ? 1 : 0;
    assertEquals([a.decimal.compare(b.decimal), a.decimal.equals(b.decimal)], [order, order === 0], context);
    assert(Decimal.parse(a.decimal.toString()).equals(a.decimal), context);
    assert(typeof product.units === "number" === Number.isSafeInteger(Number(product.units)), context);
    if (b.exact !== 0n) {
      assertEquals(a.decimal.dividedBy(b.decimal, 5).units, fitted(at20(a) * 100_000n / at20(b)), context);
    }
  }
});

function fitted(units: bigint): number | bigint {
  return Number.isSafeInteger(Number(units)) ? Number(units) : units;
}
