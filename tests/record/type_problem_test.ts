import { assertEquals, assertStringIncludes } from "@std/assert";
import { typeProblem } from "../../src/record/type_problem.ts";

Deno.test("typeProblem() has nothing against the types that Weir writes", () => {
  const types = [
    ...["Int256", "Nullable(UInt8)", "Float32", "Decimal(76, 38)", "Bool", "String", "FixedString(3)", "UUID"],
    ...["LowCardinality(String)", "LowCardinality(Nullable(FixedString(2)))", "LowCardinality(UUID)", "Date32"],
    ...["DateTime", "DateTime('Asia/Tokyo')", "DateTime64(9)", "Enum('a')", "IPv4", "Nullable(IPv6)"],
    ...["JSON", "Nullable(JSON)", "Array(Array(Nullable(Int8)))", "Map(LowCardinality(String), Array(JSON))"],
    ...["Map(UInt64, Int8)", "Map(Enum8('a' = 1), Int8)", "Map(IPv6, Int8)", "Map(UUID, Int8)"],
    ...["Tuple(a Int64, b Tuple(Nullable(String), JSON))"],
  ];
  for (const type of types) assertEquals(typeProblem(type), null, type);
});

Deno.test("typeProblem() says of every other type what to declare", async (t) => {
  const cases: readonly [type: string, ...said: string[]][] = [
    ["Integer", "Weir writes no Integer. Did you mean Int32?", "DateTime64(0) to DateTime64(9)", "Tuple(name T, ...)"],
    ["int64", "Did you mean Int64?"],
    ["Strng", "Did you mean String?"],
    ["Datetime", "Did you mean DateTime?"],
    ["timestamptz", "Did you mean DateTime64(6)?"],
    ["DOUBLE PRECISION", "Did you mean Float64?"],
    ["AggregateFunction(sum, Int64)", "Weir writes no AggregateFunction. It writes: Int8 to Int256"],
    ["Array(Dynamic)", 'Cannot use "Dynamic" as a type'],
    ["Tuple(a Int8, b Map(String, Point))", "Weir writes no Point"],
    ["JSON(a Int64)", "Declare JSON"],
    [
      "Nullable(Array(Int8))",
      "ClickHouse has no Nullable(Array). Declare Array(Int8), and map null to an empty one ([])",
    ],
    ["Nullable(Map(String, Int8))", "Declare Map(String, Int8), and map null to an empty one ({})"],
    ["Array(Nullable(Tuple(Int8)))", "Declare Tuple(Int8), and make its elements Nullable"],
    ["LowCardinality(Int64)", "LowCardinality of String, FixedString and UUID", "Declare Int64"],
    ["LowCardinality(Nullable(Date))", "Declare Nullable(Date)"],
    ["Map(Nullable(String), Int8)", "the keys of a Map cannot be Nullable(String). Declare String"],
    ["Map(Float64, Int8)", "the keys of a Map cannot be Float64"],
    ["Map(LowCardinality(Int8), Int8)", "Declare Int8"],
    ["Decimal(99, 2)", "99 is no integer from 1 to 76"],
    ["Enum8('a' = 1", "a bracket or a quote is not closed"],
  ];
  for (const [type, ...said] of cases) {
    await t.step(type, () => {
      for (const text of said) assertStringIncludes(typeProblem(type) ?? "nothing", text);
    });
  }
});
