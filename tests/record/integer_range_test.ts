import { assertEquals } from "@std/assert";
import { integerRange as rangeOf, type IntegerType, stepsText } from "../../src/record/integer_range.ts";
import { parseClickHouseType } from "../../src/record/clickhouse_type.ts";

function integerRange(type: string): (value: number | bigint) => boolean {
  return rangeOf(parseClickHouseType(type) as IntegerType);
}

Deno.test("integerRange() knows the first and last value of each type", () => {
  const cases: readonly (readonly [string, number | bigint, number | bigint])[] = [
    ["Int8", -128, 127],
    ["UInt8", 0, 255],
    ["Int16", -32_768, 32_767],
    ["UInt32", 0, 4_294_967_295],
    ["Int32", -2_147_483_648, 2_147_483_647],
    ["Int64", -(2n ** 63n), 2n ** 63n - 1n],
    ["UInt64", 0n, 2n ** 64n - 1n],
    ["Int128", -(2n ** 127n), 2n ** 127n - 1n],
    ["Date", 0, 65_535],
    ["Date32", -25_567, 120_529],
  ];
  for (const [type, low, high] of cases) {
    const fits = integerRange(type);
    const one = typeof low === "bigint" ? 1n : 1;
    assertEquals([fits(low), fits(high)], [true, true], type);
    assertEquals([fits(low as number - (one as number)), fits(high as number + (one as number))], [false, false], type);
  }
});

Deno.test("integerRange() refuses a negative number for an unsigned 64-bit column", () => {
  assertEquals(integerRange("UInt64")(-1), false);
  assertEquals(integerRange("Int64")(-1), true);
});

Deno.test("integerRange() takes only times that the type's digits tell, in its years", () => {
  const first = -2_208_988_800_000_000;
  const cases: readonly [type: string, fits: readonly number[], not: readonly number[]][] = [
    ["DateTime64(0)", [0, 1_000_000, first], [1, 999_999, first - 1_000_000]],
    ["DateTime64(3)", [-1_000, 1_718_454_896_123_000], [1_718_454_896_123_456]],
    ["DateTime64(6)", [1, -1, first, Number.MAX_SAFE_INTEGER], [first - 1, 2 ** 53]],
    ["DateTime64(9)", [1, -1, first, Number.MAX_SAFE_INTEGER], [first - 1]],
    ["DateTime('UTC')", [0, 4_294_967_295_000_000], [-1_000_000, 4_294_967_296_000_000, 1]],
  ];
  for (const [type, fits, not] of cases) {
    assertEquals(fits.map(integerRange(type)), fits.map(() => true), type);
    assertEquals(not.map(integerRange(type)), not.map(() => false), type);
  }
});

Deno.test("stepsText() counts the type's smallest steps", () => {
  const steps = (type: string, micros: number) => stepsText(parseClickHouseType(type) as { precision: number })(micros);
  assertEquals(steps("DateTime", 5_000_000), "5");
  assertEquals(steps("DateTime64(1)", -100_000), "-1");
  assertEquals(steps("DateTime64(6)", 7), "7");
  assertEquals(steps("DateTime64(9)", Number.MAX_SAFE_INTEGER), "9007199254740991000");
  assertEquals(steps("DateTime64(7)", 0), "0");
});
