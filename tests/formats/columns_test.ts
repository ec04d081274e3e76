import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  bytea,
  type Column,
  date,
  float8,
  type Int8,
  int8,
  json,
  numeric,
  time,
  timestamp,
  timestamptz,
  uuid,
} from "../../src/formats/columns.ts";
import { NumberText } from "../../src/formats/column_type.ts";
import { Decimal } from "../../src/record/decimal.ts";

const no = (reason: string) => ({ reason });
const at = Date.UTC(2026, 10, 22, 10, 15, 30) * 1000;
const digits = (text: string) => new NumberText(text);

type Cases = readonly (readonly [wire: unknown, expected: unknown])[];

const tables: Readonly<Record<string, readonly [column: Column<unknown>, cases: Cases]>> = {
  int8: [int8(), [
    [0, 0],
    [-0, 0],
    [-5, -5],
    ["12", 12],
    ["-9223372036854775808", -(2n ** 63n)],
    [digits("9007199254740993"), 9007199254740993n],
    [digits("9007199254740991"), 9007199254740991],
    [5n, 5],
    [9223372036854775807n, 9223372036854775807n],
    [9007199254740992, no("overflow")],
    [digits("9223372036854775808"), no("overflow")],
    ["99999999999999999999", no("overflow")],
    [1.5, no("wrong_type")],
    ["1.0", no("wrong_type")],
    ["", no("wrong_type")],
    [" 1", no("wrong_type")],
    [true, no("wrong_type")],
    [null, no("wrong_type")],
    [undefined, no("wrong_type")],
    [{}, no("wrong_type")],
    [[1], no("wrong_type")],
  ]],
  "numeric(12, 2)": [numeric(12, 2), [
    ["19.90", "19.90"],
    ["-0.01", "-0.01"],
    ["5", "5.00"],
    ["5.1", "5.10"],
    ["5.100", "5.10"],
    ["9999999999.99", "9999999999.99"],
    ["AeJA", "1234.56"],
    ["/w==", "-0.01"],
    ["AA==", "0.00"],
    ["AJY=", "1.50"],
    ["AOjUpQ//", "9999999999.99"],
    [{ scale: 2, value: "AeJA" }, "1234.56"],
    [{ scale: 3, value: "Cg==" }, "0.01"],
    [{ scale: -2, value: "Cg==" }, "1000.00"],
    [{ scale: digits("2"), value: "AeJA" }, "1234.56"],
    [1234.56, "1234.56"],
    [digits("1234.560"), "1234.56"],
    [digits("1.2E3"), "1200.00"],
    [7n, "7.00"],
    ["10000000000.00", no("overflow")],
    ["-10000000000", no("overflow")],
    ["0.001", no("overflow")],
    ["1.0e50", no("overflow")],
    // Could be plain, by another writer, as well as base64.
    ["1e50", no("wrong_type")],
    ["1234", no("wrong_type")],
    ["12345678", no("wrong_type")],
    ["0123", no("wrong_type")],
    // No base64: its length is no multiple of four, or it has a sign.
    ["12345", "12345.00"],
    ["-1234", "-1234.00"],
    ["1234.00", "1234.00"],
    [{ scale: 2, value: btoa("\x7f".repeat(20)) }, no("overflow")],
    [{ scale: 2, value: btoa("\x7f".repeat(60)) }, no("overflow")],
    ["NAN", no("not_finite")],
    ["NaN", no("not_finite")],
    ["POSITIVE_INFINITY", no("not_finite")],
    ["NEGATIVE_INFINITY", no("not_finite")],
    ["Infinity", no("not_finite")],
    ["-Infinity", no("not_finite")],
    [NaN, no("not_finite")],
    ["", no("wrong_type")],
    ["AeJ", no("wrong_type")],
    ["abc?", no("wrong_type")],
    [{ scale: 2 }, no("wrong_type")],
    [{ scale: 1.5, value: "AeJA" }, no("wrong_type")],
    [{ scale: 2, value: "" }, no("wrong_type")],
    [[], no("wrong_type")],
    [true, no("wrong_type")],
    [null, no("wrong_type")],
  ]],
  numeric: [numeric(), [
    ["19.900", "19.900"],
    ["123456789012345678901234567890.12345678", "123456789012345678901234567890.12345678"],
    [{ scale: 20, value: "AQ==" }, "0.00000000000000000001"],
    ["123456789012345678901234567890.123456789", no("overflow")],
    ["AeJA", no("wrong_type")],
  ]],
  "numeric(5)": [numeric(5), [
    ["12345", "12345"],
    ["12345.0", "12345"],
    ["123456", no("overflow")],
    ["1234", "1234"],
    ["0", "0"],
    [{ scale: 0, value: "MDk=" }, "12345"],
    ["MDk=", no("wrong_type")],
    ["0123", no("wrong_type")],
    ["AA==", no("wrong_type")],
  ]],
  timestamptz: [timestamptz(), [
    ["2026-11-22T10:15:30.123456Z", at + 123456],
    ["2026-11-22T10:15:30Z", at],
    ["2026-11-22T10:15:30.1Z", at + 100000],
    ["2026-11-22T10:15:30.123456789Z", at + 123456],
    ["2026-11-22T12:15:30.5+02:00", at + 500000],
    ["2026-11-22 05:45:30-0430", at],
    ["1969-12-31T23:59:59.999999Z", -1],
    ["1900-01-01T00:00:00Z", -2208988800000000],
    ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29) * 1000],
    [at + 1, at + 1],
    ["1899-12-31T23:59:59.999999Z", no("out_of_range")],
    ["2255-06-05T23:47:34.740992Z", no("out_of_range")],
    ["9999-12-31T23:59:59.999999Z", no("out_of_range")],
    ["-0043-03-15T00:00:00.000000Z", no("out_of_range")],
    ["+294276-12-31T23:59:59.999999Z", no("out_of_range")],
    ["infinity", no("not_finite")],
    ["-infinity", no("not_finite")],
    ["2026-11-22T10:15:30", no("wrong_type")],
    ["2026-13-22T10:15:30Z", no("wrong_type")],
    ["2026-02-29T10:15:30Z", no("wrong_type")],
    ["1900-02-29T10:15:30Z", no("wrong_type")],
    ["2026-11-22T25:15:30Z", no("wrong_type")],
    ["2026-11-22T10:60:30Z", no("wrong_type")],
    ["2026-11-22T10:15:30.Z", no("wrong_type")],
    ["2026-11-22T10:15:30ZZ", no("wrong_type")],
    ["2026-11-22T10:15Z", no("wrong_type")],
    ["2026-11-22Z", no("wrong_type")],
    ["", no("wrong_type")],
    [1.5, no("wrong_type")],
    [null, no("wrong_type")],
  ]],
  timestamp: [timestamp(), [
    [1795309323123456, 1795309323123456],
    [0, 0],
    ["2026-11-22T10:15:30.123456", at + 123456],
    ["2026-11-22T10:15:30Z", at],
    [9223372036825200000, no("not_finite")],
    [-9223372036832400000, no("not_finite")],
    [-63517824000000000, no("out_of_range")],
    [Number.MAX_SAFE_INTEGER + 1, no("out_of_range")],
    ["x", no("wrong_type")],
  ]],
  date: [date(), [
    [20779, 20779],
    [-1, -1],
    [-25567, -25567],
    [120529, 120529],
    ["2026-11-22", 20779],
    ["2026-11-22Z", 20779],
    ["1970-01-01", 0],
    ["1900-03-01", Date.UTC(1900, 2, 1) / 86_400_000],
    [-25568, no("out_of_range")],
    [120530, no("out_of_range")],
    [-2147472692, no("out_of_range")],
    [-622191234, no("out_of_range")],
    [622191232, no("out_of_range")],
    ["2026-11-31", no("wrong_type")],
    ["2026-11-22T00:00:00Z", no("wrong_type")],
    [1.5, no("wrong_type")],
    [null, no("wrong_type")],
  ]],
  time: [time(), [
    [86399999999, 86399999999],
    [86400000000, 86400000000],
    ["08:00:00Z", 28800000000],
    ["08:00:00.000001", 28800000001],
    ["24:00:00", 86400000000],
    ["00:30:00+01:00", 84600000000],
    [-1, no("out_of_range")],
    [86400000001, no("out_of_range")],
    ["24:00:01", no("wrong_type")],
    ["8:00", no("wrong_type")],
    [true, no("wrong_type")],
  ]],
  json: [json(), [['{"a": 1}', '{"a": 1}'], ["null", "null"], [{ a: 1 }, no("wrong_type")], [null, no("wrong_type")]]],
  uuid: [uuid(), [
    ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ["ffffffff-0000-0000-0000-00000000000f", "ffffffff-0000-0000-0000-00000000000f"],
    ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", no("wrong_type")],
    ["a0eebc999c0b4ef8bb6d6bb9bd380a11", no("wrong_type")],
  ]],
  bytea: [bytea(), [
    ["3q2+7w==", "3q2+7w=="],
    ["", ""],
    ["AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ["d41d8cd98f00b204e9800998ecf8427e", no("wrong_type")],
    ["deadbeef", no("wrong_type")],
    ["00", no("wrong_type")],
    ["-_8=", no("wrong_type")],
    ["3q2+7w=", no("wrong_type")],
    ["é===", no("wrong_type")],
  ]],
  float8: [float8(), [
    [1.5, 1.5],
    [-0, 0],
    [5e-324, 5e-324],
    ["NaN", no("not_finite")],
    ["Infinity", no("not_finite")],
    ["-Infinity", no("not_finite")],
    [Infinity, no("not_finite")],
    ["1.5", no("wrong_type")],
    [null, no("wrong_type")],
  ]],
};

for (const [name, [column, cases]] of Object.entries(tables)) {
  Deno.test(`${name} reads every wire form and refuses the rest with a reason`, () => {
    for (const [wire, expected] of cases) {
      const result = z.object({ column }).safeParse({ column: wire });
      const issue = result.error?.issues[0];
      const value = result.data?.column;
      const actual = issue === undefined
        ? value instanceof Decimal ? value.toString() : value
        : no(issue.code === "custom" ? issue.params?.reason : issue.code);
      assertEquals(actual, expected, `${name} of ${Deno.inspect(wire)}: ${issue?.message}`);
      if (issue !== undefined) {
        assert(issue.message.includes("current value is") && issue.path[0] === "column", issue.message);
      }
    }
  });
}

Deno.test("numeric() refuses precision and scale that no decimal has", () => {
  for (const [precision, scale] of [[0, 0], [79, 0], [39, 1], [78, 18], [50.5, 0], [5, 6], [5, -1], [1.5, 0]]) {
    assertThrows(() => numeric(precision, scale), RangeError, "numeric's");
  }
});

Deno.test("numeric() reads back every unscaled integer as Java writes it", () => {
  const base64 = (units: bigint) => {
    let length = 1;
    while (BigInt.asIntN(8 * length, units) !== units) length++;
    const hex = BigInt.asUintN(8 * length, units).toString(16).padStart(2 * length, "0");
    return btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16))));
  };
  const column = numeric(38, 0);
  for (let power = 0n; power < 126n; power++) {
    for (const units of [2n ** power, 2n ** power - 1n, -(2n ** power), -(2n ** power) - 1n]) {
      const text = base64(units);
      assertEquals(column.parse({ scale: 0, value: text }).toString(), String(units), text);
    }
  }
});

Deno.test("column types are zod schemas: inference, pick, nullable, arrays, checks", () => {
  const orders = z.object({
    id: int8(),
    total: numeric(12, 2).nullable(),
    lines: z.array(numeric(12, 2)),
    at: timestamptz().optional(),
    positive: int8().refine((value) => value > 0, "must be positive"),
  });
  const picked = orders.pick({ id: true, total: true });
  const row: z.output<typeof picked> = picked.parse({ id: 1, total: "1.50", other: 1 });
  const id: Int8 = row.id;
  const total: Decimal | null = row.total;
  assertEquals([id, String(total), Object.keys(row)], [1, "1.50", ["id", "total"]]);
  // @ts-expect-error -- a nullable column must be checked for null
  const unchecked: Decimal = row.total;
  assert(unchecked === total);
  const wrong = orders.safeParse({ id: 1, total: null, lines: ["1.00", "x"], positive: -1 });
  assertEquals(wrong.error?.issues.map(({ path, message }) => [path.join("."), message.slice(0, 26)]), [
    ["lines.1", "expected a numeric(12, 2):"],
    ["positive", "must be positive"],
  ]);
});

Deno.test("timestamps agree with Date on every third day from 1900 to 2255", () => {
  const [day, moment] = [date(), timestamptz()];
  for (let days = -25567; days < 104_250; days += 3) {
    const text = new Date(days * 86_400_000 + (days & 1023) * 77_777).toISOString();
    if (day.parse(text.slice(0, 10)) !== days) throw new Error(`${text}: ${day.parse(text.slice(0, 10))}`);
    if (moment.parse(text) !== Date.parse(text) * 1000) throw new Error(`${text}: ${moment.parse(text)}`);
  }
});
