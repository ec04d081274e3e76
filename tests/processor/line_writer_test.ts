import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { AggregatePlan, SinkPlan } from "../../src/plan/physical.ts";
import { encodedLine, rowWriter } from "../../src/processor/line_writer.ts";
import { shareEncoder } from "../../src/processor/share_row.ts";
import { rowEncoder } from "../../src/processor/sink_row.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";

const TYPES = [
  ...["Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Int128", "UInt128", "Int256"],
  ...["Float32", "Float64", "Bool", "Date", "Date32", "DateTime", "DateTime('UTC')", "UUID", "IPv4", "IPv6", "JSON"],
  ...Array.from({ length: 10 }, (_, precision) => `DateTime64(${precision})`),
  ...["Decimal(9, 0)", "Decimal(5, 2)", "Decimal(18, 4)", "Decimal(18, 15)", "Decimal(38, 10)", "Decimal(38, 18)"],
  ...["Decimal(76, 20)", "String", "LowCardinality(Nullable(String))", "FixedString(5)", "Enum8('a' = 1, 'é\"' = 2)"],
  ...["Array(Nullable(Int64))", "Map(String, Decimal(9, 2))", "Tuple(a Int64, b String)", "Array(String)"],
];

const TEXTS = [
  ...["", "a", 'q"uote', "back\\slash", "tab\t", "\u0000", "\u001f", "\u007f", "\u0080", "é", "߿", "ࠀ", "\u2028", "퟿"],
  ...[
    "\ud800",
    "\udfff",
    "\udc00\ud800",
    "a\ud83d",
    "😀",
    "x😀y",
    "",
    "\uffff",
    "null",
    "1970-01-01",
    'é"',
    "10.0.0.1",
  ],
  ...[
    "::1",
    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "x".repeat(80),
    "é".repeat(81),
    "\n".repeat(300),
    "日本語".repeat(500),
  ],
];
const TENS = Array.from({ length: 40 }, (_, power) => 10n ** BigInt(power));
const BITS = [7, 8, 15, 16, 31, 32, 53, 63, 64, 127, 128, 255, 256].map((bits) => 1n << BigInt(bits));
const INTEGERS = [
  ...[...TENS, ...BITS, 10n ** 76n].flatMap((n) => [n - 1n, n, n + 1n]),
  ...[65_535n, 120_529n, 25_567n, 4_294_967_295_000_000n, 1_700_000_000_123_456n, 1_700_000_000_000_000n],
].flatMap((n) => [n, -n]);
const safe = INTEGERS.map(Number).filter(Number.isSafeInteger);
const fitting = INTEGERS.filter((n) => n < 10n ** 38n && n > -(10n ** 38n));
const VALUES: readonly unknown[] = [
  ...[null, undefined, true, false, NaN, Infinity, -Infinity, -0, 0.5, -1.5, 1e21, 1e-7, 1e300, Symbol("s"), [], {}],
  ...[[1, null, 2n], ["é", "\ud800"], { a: 1, b: "😀" }, { a: Decimal.parse("1.5") }, { b: { c: [1] }, a: null }],
  ...TEXTS,
  ...INTEGERS,
  ...safe,
  ...[0, 2, 4, 15, 16, 38].flatMap((scale) => fitting.map((units) => Decimal.of(units, scale))),
];

function nullable(type: string): string {
  return type.startsWith("LowCardinality") ? type : `Nullable(${type})`;
}

/** What an encoder makes of it: its text, or the error. */
function outcome(encode: () => string): string {
  try {
    return encode();
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const textOf = () => decoder.decode(encodedLine());

for (const type of TYPES) {
  Deno.test(`rowWriter() writes the UTF-8 of rowEncoder()'s text, and refuses as that does: ${type}`, () => {
    for (const declared of [type, nullable(type)]) {
      const columns = [{ name: 'o"dd', type: declared }];
      const [{ write }, encode] = [rowWriter(columns), rowEncoder(columns)];
      let taken = 0;
      for (const value of VALUES) {
        const row = { 'o"dd': value };
        const text = outcome(() => encode(row));
        assertEquals(outcome(() => (write(row), textOf())), text, String(value));
        if (!text.startsWith("[")) continue;
        taken++;
        assertEquals(text.isWellFormed(), true);
      }
      assertEquals(taken > 0, true);
    }
  });
}

Deno.test("rowWriter() writes every day, and integers and decimals of every length, as rowEncoder() does", () => {
  const columns = [{ name: "d", type: "Date32" }, { name: "i", type: "Int64" }, { name: "n", type: "Decimal(38, 6)" }];
  const [{ write }, encode] = [rowWriter(columns), rowEncoder(columns)];
  const random = mulberry32(7);
  for (let d = -25_567; d <= 120_529; d++) {
    const i = Math.trunc((random() * 2 - 1) * 10 ** (random() * 15.9));
    const row = { d, i, n: Decimal.of(i, 6) };
    write(row);
    if (textOf() !== encode(row)) assertEquals(textOf(), encode(row));
  }
});

Deno.test("rowWriter() agrees with rowEncoder() on rows of many columns, and digests by their text alone", () => {
  const random = mulberry32(12);
  const columns = TYPES.map((type, index) => ({ name: `c${index}`, type: nullable(type) }));
  const [{ write }, encode] = [rowWriter(columns), rowEncoder(columns)];
  const taken = columns.map(({ name, type }) => {
    const alone = rowEncoder([{ name, type }]);
    return VALUES.filter((value) => outcome(() => alone({ [name]: value })).startsWith("["));
  });
  const digests = new Map<string, number>();
  for (let round = 0; round < 500; round++) {
    const pick = (index: number) => taken[index][Math.floor(random() * taken[index].length)];
    const row = Object.fromEntries(columns.map(({ name }, index) => [name, pick(index)]));
    const digest = write(row);
    assertEquals(textOf(), encode(row));
    digests.set(encode(row), digest);
    assertEquals(write(row), digest);
  }
  assertEquals(new Set(digests.values()).size, digests.size);
});

Deno.test("ShareEncoder writes the UTF-8 of its text, and refuses as that does", () => {
  const text = { name: "text", type: "String" };
  const narrow = { name: "narrow", type: "Int128" };
  const wide = { name: "wide", type: "Int256" };
  const sum = { name: "sum", type: "Decimal(38, 4)" };
  const rest = { name: "rest", type: "Decimal(76, 38)" };
  const rows = { name: "rows", type: "Int64" };
  const least = { name: "least", type: "Nullable(Decimal(38, 4))" };
  const longest = { name: "longest", type: "Nullable(String)" };
  const refused = { name: "_refused", type: "UInt8" };
  const total = { type: "Int64", scale: 0 };
  const table: SinkPlan["table"] = {
    name: "totals",
    key: ["text"],
    shares: true,
    columns: [text, narrow, wide, sum, rest, rows, least, longest, refused],
    refused: "_refused",
    view: [
      { ...total, name: "a", kind: "sum", shares: { value: "narrow" } },
      { ...total, name: "b", kind: "sum", shares: { value: "wide" } },
      { ...total, name: "c", kind: "avg", shares: { value: "sum", rest: "rest", count: "rows" } },
      { ...total, name: "d", kind: "min", shares: { value: "least" } },
      { ...total, name: "e", kind: "max", shares: { value: "longest" } },
    ],
  };
  const aggregate = { columns: table.view!.map(({ name }) => ({ name })) } as unknown as AggregatePlan;
  const { line, write, refusedLine, writeRefused } = shareEncoder(table, aggregate);
  const plain: unknown[] = [1, 2n, [Decimal.parse("1.5000"), 3], Decimal.parse("-2.50"), "é"];
  let taken = 0;
  for (const value of VALUES) {
    const columns = { text: value };
    assertEquals(outcome(() => (writeRefused(columns), textOf())), outcome(() => refusedLine(columns)));
    for (let place = 0; place < plain.length; place++) {
      const parts = plain.with(place, place === 2 ? [value, 7] : value) as Parameters<typeof line>[1];
      const expected = outcome(() => line({ text: "g" }, parts));
      assertEquals(outcome(() => (write({ text: "g" }, parts), textOf())), expected);
      if (expected.startsWith("[")) taken++;
    }
  }
  assertEquals(taken > VALUES.length, true);
});

Deno.test("rowWriter() compiles the columns of a table once, however many tasks it has", () => {
  const columns = [{ name: "a", type: "String" }];
  assertStrictEquals(rowWriter(columns), rowWriter(columns));
});

Deno.test("shareEncoder() compiles a table of shares once, however many tasks it has", () => {
  const table: SinkPlan["table"] = { name: "t", key: ["a"], columns: [{ name: "a", type: "String" }], shares: true };
  const aggregates = [0, 1].map((): AggregatePlan => ({ name: "t", columns: [] }));
  const [first, second] = aggregates.map((aggregate) => shareEncoder(table, aggregate));
  assertStrictEquals(shareEncoder(table, aggregates[0]), first);
  assert(first !== second);
});

Deno.test("rowWriter() writes nothing of the row before one that it refused", () => {
  const { write } = rowWriter([{ name: "a", type: "String" }, { name: "b", type: "Int64" }]);
  const digest = write({ a: "x", b: 1 });
  assertThrows(() => write({ a: "longer than the other", b: "no" }), TypeError);
  assertEquals([write({ a: "x", b: 1 }), textOf()], [digest, '["x",1']);
});
