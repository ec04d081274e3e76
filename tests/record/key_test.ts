import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Decimal } from "../../src/record/decimal.ts";
import { type Key, keyOf, keyOfColumns, keyOfOne, keyParts, keyText, parseKeyText } from "../../src/record/key.ts";
import { randomFrom } from "./support.ts";

const SEED = 7;
const RUNS = 3_000;

Deno.test("keyOf() makes one key of equal numbers, whatever their type and scale", () => {
  const cases: readonly (readonly [Key, ...unknown[]])[] = [
    [7, 7, 7n, Decimal.parse("7"), Decimal.parse("7.00"), Decimal.parse("7E0")],
    [0, 0, -0, 0n, Decimal.parse("0.000"), Decimal.parse("-0.00"), Decimal.of(-5, 1).plus(Decimal.of(5, 1))],
    ["1.5", 1.5, Decimal.parse("1.5"), Decimal.parse("1.50"), Decimal.parse("0.50").times(3)],
    ["-0.05", -0.05, Decimal.parse("-0.0500")],
    ["9007199254740993", 9_007_199_254_740_993n, Decimal.parse("9007199254740993.0")],
    [-9_007_199_254_740_991, -9_007_199_254_740_991n, Decimal.of(-9_007_199_254_740_991)],
    ["1000000000000000000000", 1e21, 10n ** 21n, Decimal.parse("1E21")],
    ["0.0000001", 1e-7, Decimal.parse("1E-7")],
  ];
  for (const [key, ...values] of cases) {
    for (const value of values) {
      assertEquals(keyOfOne(value), key);
      assertEquals(keyOf([value]), key);
      assertEquals(keyOf([value, "x"]), `${key},"x"`);
    }
  }
});

Deno.test(`keyOf() of random decimals: equal keys exactly for equal values (seed ${SEED})`, () => {
  const below = randomFrom(SEED);
  const random = () => {
    const units = BigInt(Math.floor(below(2 ** 31))) * BigInt(Math.floor(below(4)) ** 20) - 2n ** 30n;
    return Decimal.of(units, Math.floor(below(8)));
  };
  let equal = 0;
  for (let run = 0; run < RUNS; run++) {
    const a = random();
    const zeros = a.rescale(a.scale + Math.floor(below(5)));
    assertEquals(keyOfOne(zeros), keyOfOne(a));
    const b = below(3) < 1 ? zeros : Decimal.of(Math.floor(below(20)), Math.floor(below(3)));
    const c = Decimal.of(Math.floor(below(20)), Math.floor(below(3)));
    for (const [x, y] of [[a, b], [b, c]]) {
      if (x.equals(y)) equal++;
      assertEquals(keyOfOne(x) === keyOfOne(y), x.equals(y), `${x} ${y}`);
    }
    assertEquals(parseKeyText(keyText(keyOfOne(a))), keyOfOne(a));
  }
  assertEquals(equal > RUNS / 10, true);
});

Deno.test("keyOf() gives every double back as it was", () => {
  for (const value of [5e-324, -1.7976931348623157e308, 0.1, 1e21, 123456789.125, -1e-9, 2 ** 60]) {
    assertEquals(Number(keyText(keyOfOne(value))), value);
    assertEquals(/^-?\d+(\.\d+)?$/.test(keyText(keyOfOne(value))), true);
  }
});

Deno.test("keyOf() holds texts, numbers, booleans and null apart", () => {
  const keys = [keyOfOne("7"), keyOfOne(7), keyOfOne(true), keyOfOne("true"), keyOfOne(null), keyOfOne("null")];
  assertEquals(new Set(keys).size, keys.length);
  assertNotEquals(keyOf(["a", "b"]), keyOf(['a","b']));
  assertEquals(keyParts(keyOf(['a,"b\\', Decimal.parse("2.50"), null])), [JSON.stringify('a,"b\\'), "2.5", "null"]);
});

Deno.test("keyOf() refuses what can be no key", () => {
  const objects = [{}, [], new Date(NaN), new Date(0), new URL("http://x"), Object.create(null)];
  for (const value of [NaN, Infinity, Symbol("x"), ...objects]) {
    assertThrows(() => keyOfOne(value), TypeError, "as a key");
    assertThrows(() => keyOf([1, value]), TypeError, "as a key");
  }
});

Deno.test("keyOfColumns() takes columns by their names, whatever order they come in", () => {
  assertEquals(keyOfColumns({ currency: "EUR", seller: 7 }), `"EUR",7`);
  assertEquals(keyOfColumns({ seller: 7, currency: "EUR" }), `"EUR",7`);
  assertEquals(keyOfColumns({ seller: 7 }), 7);
});
