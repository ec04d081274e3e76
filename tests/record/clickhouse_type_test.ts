import { assertEquals, assertThrows } from "@std/assert";
import { parseClickHouseType } from "../../src/record/clickhouse_type.ts";

/** Each text with what it is, without `text` and the three that are as in a type without anything around it. */
const TYPES: readonly [text: string, expected: Readonly<Record<string, unknown>>][] = [
  ["Int8", { name: "Int", bits: 8 }],
  ["Int64", { name: "Int", bits: 64 }],
  ["UInt16", { name: "UInt", bits: 16 }],
  ["UInt256", { name: "UInt", bits: 256 }],
  ["Float32", { name: "Float", bits: 32 }],
  ["Float64", { name: "Float", bits: 64 }],
  ["Bool", { name: "Bool" }],
  ["String", { name: "String" }],
  ["UUID", { name: "UUID" }],
  ["Date", { name: "Date" }],
  ["Date32", { name: "Date32" }],
  ["FixedString(16)", { name: "FixedString", bytes: 16 }],
  ["Decimal", { name: "Decimal", precision: 10, scale: 0 }],
  ["Decimal()", { name: "Decimal", precision: 10, scale: 0 }],
  ["Decimal(18)", { name: "Decimal", precision: 18, scale: 0 }],
  ["Decimal(18, 2)", { name: "Decimal", precision: 18, scale: 2 }],
  ["Decimal( 18,2 )", { name: "Decimal", precision: 18, scale: 2 }],
  ["Decimal (76, 76)", { name: "Decimal", precision: 76, scale: 76 }],
  ["Decimal32(0)", { name: "Decimal", precision: 9, scale: 0 }],
  ["Decimal64(4)", { name: "Decimal", precision: 18, scale: 4 }],
  ["Decimal128(38)", { name: "Decimal", precision: 38, scale: 38 }],
  ["Decimal256(4)", { name: "Decimal", precision: 76, scale: 4 }],
  ["DateTime64", { name: "DateTime64", precision: 3, zone: null }],
  ["DateTime64(6)", { name: "DateTime64", precision: 6, zone: null }],
  ["DateTime64(3, 'Europe/Berlin')", { name: "DateTime64", precision: 3, zone: "Europe/Berlin" }],
  ["DateTime64(6,'Etc/GMT+1')", { name: "DateTime64", precision: 6, zone: "Etc/GMT+1" }],
  ["Nullable(Int64)", { name: "Int", bits: 64, bare: "Int64", nullable: true }],
  ["Nullable(Decimal(18, 2))", {
    name: "Decimal",
    precision: 18,
    scale: 2,
    bare: "Decimal(18, 2)",
    nullable: true,
  }],
  ["LowCardinality(String)", { name: "String", bare: "String", lowCardinality: true }],
  ["LowCardinality(Nullable(Date32))", { name: "Date32", bare: "Date32", nullable: true, lowCardinality: true }],
  // Nobody writes these: their arguments stay texts.
  ["DateTime", { name: "DateTime", precision: 0, zone: null }],
  ["DateTime('Europe/Berlin')", { name: "DateTime", precision: 0, zone: "Europe/Berlin" }],
  ["IPv4", { name: "IPv4" }],
  ["Nullable(IPv6)", { name: "IPv6", bare: "IPv6", nullable: true }],
  ["JSON", { name: "JSON" }],
  ["Enum8('a' = 1, 'b' = -2)", { name: "Enum", elements: ["b", "a"] }],
  ["Enum('a', 'b')", { name: "Enum", elements: ["a", "b"] }],
  ["Enum16('b' = 300)", { name: "Enum", elements: ["b"] }],
  ["Enum8('it''s (' = 1, '\\'),`` \\t' = 2)", { name: "Enum", elements: ["it's (", "'),`` \t"] }],
  // No sink can be declared with these: their arguments stay texts.
  ["BIGINT", { name: "Other", word: "BIGINT", arguments: [] }],
  ["DOUBLE PRECISION", { name: "Other", word: "DOUBLE PRECISION", arguments: [] }],
  ["int64", { name: "Other", word: "int64", arguments: [] }],
  ["Int63", { name: "Other", word: "Int63", arguments: [] }],
  ["Date33", { name: "Other", word: "Date33", arguments: [] }],
  ["IntervalDay", { name: "Other", word: "IntervalDay", arguments: [] }],
  ["SimpleAggregateFunction(sum, Decimal(38, 10))", {
    name: "Other",
    word: "SimpleAggregateFunction",
    arguments: ["sum", "Decimal(38, 10)"],
  }],
  ["AggregateFunction(quantiles(0.5, 0.9), UInt64)", {
    name: "Other",
    word: "AggregateFunction",
    arguments: ["quantiles(0.5, 0.9)", "UInt64"],
  }],
  ["JSON(max_dynamic_paths=8, a.b UInt32, SKIP REGEXP 'x(')", {
    name: "Other",
    word: "JSON",
    arguments: ["max_dynamic_paths=8", "a.b UInt32", "SKIP REGEXP 'x('"],
  }],
];

Deno.test("parseClickHouseType() takes types apart", async (t) => {
  for (const [text, expected] of TYPES) {
    await t.step(text, () =>
      assertEquals<unknown>(parseClickHouseType(text), {
        text,
        bare: text,
        nullable: false,
        lowCardinality: false,
        ...expected,
      }));
  }
});

Deno.test("parseClickHouseType() takes the elements of arrays apart, too", () => {
  const type = parseClickHouseType("Array(Array(Nullable(Decimal(9, 2))))");
  const inner = type.name === "Array" && type.element.name === "Array" ? type.element.element : null;
  assertEquals(inner, parseClickHouseType("Nullable(Decimal(9, 2))"));
});

Deno.test("parseClickHouseType() takes maps and tuples apart, too", () => {
  const map = parseClickHouseType("Map(LowCardinality(String), Array(Decimal(9, 2)))");
  assertEquals(map.name === "Map" ? [map.key, map.value] : map, [
    parseClickHouseType("LowCardinality(String)"),
    parseClickHouseType("Array(Decimal(9, 2))"),
  ]);
  const cases: readonly [text: string, names: readonly string[] | null, elements: readonly string[]][] = [
    ["Tuple(Int8, DateTime64(6, 'UTC'), Decimal (9, 2))", null, ["Int8", "DateTime64(6, 'UTC')", "Decimal (9, 2)"]],
    ["Tuple(a Int8, b Tuple(c Array(String)))", ["a", "b"], ["Int8", "Tuple(c Array(String))"]],
    ['Tuple(`a)b``\'` Int8, "x y"\nString)', ["a)b`'", "x y"], ["Int8", "String"]],
  ];
  for (const [text, names, elements] of cases) {
    const tuple = parseClickHouseType(text);
    assertEquals(tuple.name === "Tuple" ? [tuple.names, tuple.elements] : tuple, [
      names,
      elements.map(parseClickHouseType),
    ]);
  }
});

Deno.test("parseClickHouseType() refuses what is no type", async (t) => {
  const refused: readonly [text: string, reason: string][] = [
    ["", "a type begins with its name"],
    ["(Int64)", "a type begins with its name"],
    ["8Int", "a type begins with its name"],
    ["Nullable(Int64", "a bracket or a quote is not closed"],
    ["Enum8('a = 1)", "a bracket or a quote is not closed"],
    ["Int64)", `")" does not belong to a type`],
    ["String(3) NOT NULL", `"NOT NULL" does not belong to a type`],
    ["Int64 DEFAULT 'x'", `"'x'" does not belong to a type`],
    ["Int64(3)", "it takes no arguments"],
    ["String()", "it takes no arguments"],
    ["Nullable", "it takes one argument"],
    ["Nullable(Int64, Int64)", "it takes one argument"],
    ["Array()", "it takes one argument"],
    ["Map(String,)", "an argument is empty"],
    ["Nullable(Nullable(Int64))", "Nullable cannot have Nullable(Int64) in it"],
    ["Nullable(LowCardinality(String))", "Nullable cannot have LowCardinality(String) in it"],
    ["LowCardinality(LowCardinality(String))", "LowCardinality cannot have LowCardinality(String) in it"],
    ["Decimal(77, 2)", "77 is no integer from 1 to 76"],
    ["Decimal(9, 10)", "10 is no integer from 0 to 9"],
    ["Decimal(9, -1)", "-1 is no integer from 0 to 9"],
    ["Decimal(9, 2, 1)", "it takes a precision and a scale"],
    ["Decimal64", "it takes one argument"],
    ["Decimal64(19)", "19 is no integer from 0 to 18"],
    ["FixedString(0)", "0 is no integer from 1 to 16777215"],
    ["FixedString(16777216)", "16777216 is no integer from 1 to 16777215"],
    ["FixedString(n)", "n is no integer from 1 to 16777215"],
    ["DateTime64(6, 'UTC', 1)", "it takes a precision and a time zone"],
    ["DateTime64()", "nothing is no integer from 0 to 9"],
    ["DateTime64(10)", "10 is no integer from 0 to 9"],
    ["DateTime64(6, UTC)", "UTC is no time zone in single quotes"],
    ["DateTime(3)", "3 is no time zone in single quotes"],
    ["DateTime('UTC', 1)", "it takes a time zone"],
    ["Enum8()", "it takes its names"],
    ["Enum8(a = 1)", "a = 1 is no name in single quotes"],
    ["Enum8('a' = 1, 'b')", "either all names have a number, or none has"],
    ["Enum8('a' = 1, 'b' = 1)", "two names have the same number"],
    ["Enum8('a' = 1, 'a' = 2)", "two names are the same"],
    ["Enum8('a' = 128)", "128 is no integer from -128 to 127"],
    ["Map(String)", "it takes the types of keys and values"],
    ["Tuple()", "a tuple has elements"],
    ["Tuple(a Int8, Int8)", "either all elements have a name, or none has"],
    ["Tuple(a Int8, `a` Int8)", "two elements have the same name"],
    ["IPv4(1)", "it takes no arguments"],
  ];
  for (const [text, reason] of refused) {
    await t.step(text, () => void assertThrows(() => parseClickHouseType(text), TypeError, reason));
  }
});
