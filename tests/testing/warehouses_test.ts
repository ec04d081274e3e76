import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, Decimal, int8, max, min, sum, topology } from "../../src/mod.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { clickHouseOfFile } from "../own_clickhouse.ts";

const server = clickHouseOfFile();

const uuid = (last: string) => `6f9619ff-8b86-d011-b42d-00c04fc964${last}`;
const decimal = (text: string) => Decimal.parse(text);
const texts = [
  "",
  "a",
  "Z",
  "ä",
  "\uffff",
  "😀",
  "it's",
  'q"\\\n\u2028\u0001',
  "null",
  "a\0",
  "\ud83d",
  "b ",
  "é",
  "e\u0301",
];

/** Objects that ClickHouse keeps as they are or without null, and some that it would change. */
const documents: readonly unknown[] = [
  {},
  { a: 1, b: { c: [true, 1, 1.5, "x", null, { d: 9_007_199_254_740_993n }] } },
  '{"day":"2020-01-01","at":"2020-01-01T10:00:00.000Z","number":"5","e":{"f":null}}',
  { "": { "": "" }, 'q"\\\n\u2028\u0001': "a\0b😀", ["k".repeat(300)]: -0 },
  { big: [1e20, 1e300, 5e-324, -1.5], wide: 18_446_744_073_709_551_615n, deep: [[[]], [[1], ["y"]], 5] },
  { mixed: [true, 1.5], flags: [true, 1], dates: ["2020-01-01"], objects: [{ x: [] }, null, { x: [{}] }, {}] },
  { "a.b": 1 },
  { a: [null, []] },
  { a: [9_007_199_254_740_993n] },
  { a: "\ud800" },
  { a: 18_446_744_073_709_551_616n },
  "[1]",
];

/** Values of each type, and some that the type cannot hold. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  Int8: [0, 127, -128, 128, 1.5],
  UInt16: [0, 65_535, -1],
  Int32: [2_147_483_647, -2_147_483_648, 2_147_483_648],
  Int64: [0, 9_007_199_254_740_993n, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_808n],
  UInt64: [0, 18_446_744_073_709_551_615n, -1],
  Int128: [-(2n ** 100n), 1, 2n ** 127n],
  UInt256: [2n ** 255n, 5, 0],
  Float32: [0, 0.1, 2 ** 60, 16_777_217, 16_777_216, -1e-30, NaN, 3.4028235e38, -3.4028235677973366e38, 1e39],
  Float64: [0, 0.1, 2 ** 60, -(2 ** 60 + 256), 1e21, 5e-324, -1.797e308, Infinity],
  "Decimal(5, 2)": [decimal("1.5"), decimal("1.50"), decimal("-999.99"), decimal("1000"), decimal("0.005"), 7],
  "Decimal(18, 4)": [decimal("1.5000"), decimal("-0.0001"), decimal("0"), 3],
  "Decimal(38, 18)": [decimal("2.000000000000000001"), decimal("-99999999999999999999.000000000000000003")],
  "Decimal(76, 0)": [decimal("90000000000000000000000000000000000000"), decimal("5")],
  Bool: [true, false, 1],
  Date: [0, 19_753, 65_535, 65_536, -1],
  Date32: [-20_000, 100_000, 120_529, 120_530],
  "DateTime64(6)": [1_718_454_896_123_456, -1000, 0],
  "DateTime64(6, 'Asia/Tokyo')": [1_718_454_896_123_456, 5],
  "DateTime64(0)": [1_718_454_896_000_000, 0, -1_000_000, 999_999],
  "DateTime64(3, 'Europe/Berlin')": [1_718_454_896_123_000, -1_000, 0, 1_718_454_896_123_456],
  "DateTime64(9)": [1_718_454_896_123_456, -1, 0, -2_208_988_800_000_000, 9_007_199_254_740_991, 2 ** 53],
  DateTime: [1_718_454_896_000_000, 0, 4_294_967_295_000_000, 4_294_967_296_000_000, -1_000_000, 1],
  "Nullable(DateTime('Asia/Tokyo'))": [null, 1_718_454_896_000_000],
  IPv4: ["9.0.0.1", "10.0.0.1", "255.255.255.255", "10.0.0.01", "::1"],
  IPv6: ["::1", "fe80::1", "64:ff9b::1", "::ffff:1.2.3.4", "1.2.3.4", "FE80::1", "no address"],
  UUID: [uuid("ff"), uuid("00"), uuid("ff").toUpperCase(), "no uuid"],
  "Enum8('it\\'s' = 1, 'b' = -2)": ["it's", "b", "c"],
  "Nullable(Enum16('z', 'a'))": ["z", "a", null, ""],
  "FixedString(4)": ["ab", "abcd", "äö", "abcde", ""],
  String: texts,
  "LowCardinality(String)": texts,
  "LowCardinality(Nullable(String))": [...texts, null],
  "Nullable(Int64)": [null, 0, -1],
  "Nullable(Decimal(10, 2))": [null, decimal("0.00"), decimal("12345678.91")],
  "Array(String)": [[], ["a", 'b,"c"'], [null]],
  "Array(Nullable(Decimal(10, 2)))": [[], [decimal("1.5"), null]],
  "Array(DateTime64(3))": [[0, 1_000], [1]],
  "Map(String, Int64)": [{}, { b: 1, a: 9_007_199_254_740_993n }, { a: null }, "{}", { 'é"': 1, "😀": 2, "\uffff": 3 }],
  "Map(Int16, Array(Nullable(String)))": [{ 7: ["x", null], "-1": [] }, { "07": [] }, { 40000: [] }],
  "Map(LowCardinality(String), Map(UUID, DateTime64(3)))": [{ a: { [uuid("00")]: 5_000 } }, { a: { [uuid("FF")]: 0 } }],
  "Tuple(Int64, Nullable(String))": [[1, null], [2n ** 60n, "x"], [1], [null, null], { 0: 1 }],
  'Tuple(id Int64, \`odd "name"\` Array(Tuple(DateTime, UInt256)))': [
    { id: 5, 'odd "name"': [[1_000_000, 2n ** 200n]] },
    { id: 5, 'odd "name"': [], more: 1 },
    { id: 5 },
  ],
  JSON: documents,
  "Nullable(JSON)": [null, ...documents],
  "Array(JSON)": [[], [{ a: [1, 2.5] }, '{"b":null}'], [null], documents.slice(0, 4)],
  "Map(String, Tuple(doc JSON, at DateTime64(9)))": [{ x: { doc: { d: "2020-01-01" }, at: 1 } }],
};

/** Types whose totals, or smallest and greatest values, are asked for. */
const SUMMED = /^(Nullable\()?(U?Int|Decimal)/;
/** Types that no key column can have. */
const UNKEYED = /^(Nullable\()?(Array|Map|Tuple|JSON)/;
const ORDERED = /^(Nullable\()?(U?Int|Decimal|Float|String|DateTime|Date(32)?$|Enum)/;

const things = debezium("shop.public.things", { key: ["id"], row: z.object({ id: int8(), value: int8() }) });

function topologyOf(type: string, values: readonly unknown[]) {
  const rows = clickhouse("rows", { key: ["id"], columns: { id: "Int64", value: type } });
  const groups = clickhouse("groups", { key: ["value"], columns: { value: type, things: "UInt64" } });
  const totals = clickhouse("totals", {
    key: ["part"],
    columns: {
      part: "Int64",
      ...(SUMMED.test(type) ? { total: type } : {}),
      ...(ORDERED.test(type) ? { least: type, greatest: type } : {}),
    },
  });
  const made = topology("types", (builder) => {
    // deno-lint-ignore no-explicit-any -- the type is only known when the test runs
    const table = builder.table(things).mapValues((row: any) => ({ id: row.id, value: values[row.value] as any }));
    table.to(rows as never);
    if (!UNKEYED.test(type)) {
      table.groupBy(({ value }) => ({ value })).aggregate("by-value", { things: count() }).to(groups as never);
    }
    if (ORDERED.test(type)) {
      table.groupBy(({ id }) => ({ part: Number(id) % 2 })).aggregate("by-part", {
        ...(SUMMED.test(type) ? { total: sum(({ value }) => value) } : {}),
        least: min(({ value }) => value),
        greatest: max(({ value }) => value),
      }).to(totals as never);
    }
  });
  return { made, sinks: [rows, groups, totals].filter(({ spec }) => made.nodes.some((n) => n.name === spec.name)) };
}

for (const [type, values] of Object.entries(VALUES)) {
  Deno.test(`the in-memory warehouse shows and refuses of ${type} what ClickHouse does`, async () => {
    const shown = [];
    for (const warehouse of ["memory", server()] as const) {
      const { made, sinks } = topologyOf(type, values);
      await using driver = createTopologyTestDriver(made, { warehouse });
      const random = mulberry32(type.length);
      const row = (id: number) => ({ id, value: Math.floor(random() * values.length) });
      for (let id = 0; id < 3 * values.length; id++) driver.insert(things, row(id));
      await driver.settle();
      const first = sinks.map((sink) => driver.select(sink as never));
      for (let id = 0; id < 3 * values.length; id += 2) driver.update(things, row(id));
      driver.delete(things, 1);
      await driver.settle();
      const second = sinks.map((sink) => driver.select(sink as never));
      const letters = driver.deadLetters().map(({ stage, operator, key }) => `${stage} ${operator} ${key}`).sort();
      shown.push({ first, second, letters });
    }
    assertEquals(shown[0], shown[1]);
  });
}

Deno.test("a number beyond Float32 is set aside, as a row and as a total, in both warehouses", async () => {
  const { made, sinks } = topologyOf("Float32", [1e39, -3.5e38, 3.4028235677973366e38, 3.4028235e38, 1e-46]);
  for (const warehouse of ["memory", server()] as const) {
    await using driver = createTopologyTestDriver(made, { warehouse, partitions: 1 });
    for (let id = 0; id < 5; id++) driver.insert(things, { id, value: id });
    await driver.settle();
    const [rows, , totals] = sinks.map((sink) => driver.select(sink as never));
    assertEquals(rows, [{ id: 3, value: 3.4028235e38 }, { id: 4, value: 0 }]);
    assertEquals(totals, []);
    for (const id of [0, 1, 2]) driver.delete(things, id);
    await driver.settle();
    const total = { part: 1, least: 3.4028235e38, greatest: 3.4028235e38 };
    assertEquals(driver.select(sinks[2] as never), [{ part: 0, least: 0, greatest: 0 }, total]);
  }
});
