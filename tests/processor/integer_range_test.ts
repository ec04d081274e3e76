import { assertEquals } from "@std/assert";
import { integerRange as rangeOf, type IntegerType } from "../../src/processor/integer_range.ts";
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
