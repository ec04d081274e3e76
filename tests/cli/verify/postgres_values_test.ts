import { assertEquals } from "@std/assert";
import { time, timestamp } from "../../../src/formats/columns.ts";
import { type PostgresColumn, selectExpression, wireOf } from "../../../src/cli/verify/postgres_values.ts";

function column(type: string, changes: Partial<PostgresColumn> = {}): PostgresColumn {
  return { name: "c", type, array: false, category: "S", length: null, ...changes };
}

/** Type, what PostgreSQL prints, and what Debezium writes. */
const CASES: readonly (readonly [string, string, string, Partial<PostgresColumn>?])[] = [
  ["bool", "t", "true"],
  ["bool", "f", "false"],
  ["int8", "9223372036854775807", "9223372036854775807"],
  ["int2", "-5", "-5"],
  ["float8", "1e+21", "1e+21"],
  ["float8", "NaN", '"NaN"'],
  ["float4", "-Infinity", '"-Infinity"'],
  ["numeric", "19.90", '"19.90"'],
  ["money", "-0.01", '"-0.01"'],
  ["date", "2026-01-01", "20454"],
  ["date", "1969-12-31", "-1"],
  ["date", "infinity", "2147483647"],
  ["timestamp", "2026-01-01 10:00:00", "1767261600000000"],
  ["timestamp", "1969-12-31 23:59:59.5", "-500000"],
  ["timestamp", "infinity", "9223372036825200000"],
  ["timestamp", "-infinity", "-9223372036832400000"],
  ["timestamp", "0044-03-15 00:00:00 BC", "9223372036825200000"],
  ["timestamptz", "2026-01-01 10:00:00.123456+00", '"2026-01-01T10:00:00.123456Z"'],
  ["timestamptz", "infinity", '"infinity"'],
  ["time", "23:59:59.000001", "86399000001"],
  ["time", "24:00:00", "86400000000"],
  ["timetz", "10:00:00+02", '"10:00:00+02:00"'],
  ["timetz", "10:00:00-03:30", '"10:00:00-03:30"'],
  ["bytea", "\\x00ff10", '"AP8Q"'],
  ["bytea", "\\x", '""'],
  ["bit", "1", "true", { length: 1 }],
  ["bit", "0000000110000001", '"gQE="', { length: 16 }],
  ["varbit", "101", '"BQ=="'],
  ["jsonb", '{"a": "ü\\n"}', '"{\\"a\\": \\"ü\\\\n\\"}"'],
  ["uuid", "61f0c404-5cb3-11e7-907b-a6006ad3dba0", '"61f0c404-5cb3-11e7-907b-a6006ad3dba0"'],
  ["order_status", "paid", '"paid"', { category: "E" }],
  ["text", "line\nbreak", '"line\\nbreak"'],
  ["text", '["a","b c",null]', '["a","b c",null]', { array: true }],
  ["int8", '["9007199254740993",null]', "[9007199254740993,null]", { array: true }],
  ["numeric", '["1.50"]', '["1.50"]', { array: true }],
  ["bool", '["true","false"]', "[true,false]", { array: true }],
  ["text", "[]", "[]", { array: true }],
];

Deno.test("wireOf() gives what Debezium writes", async (t) => {
  for (const [type, text, wire, changes] of CASES) {
    await t.step(
      `${type}${changes?.array ? "[]" : ""} ${text}`,
      () => assertEquals(wireOf(column(type, changes))!(text), wire),
    );
  }
});

Deno.test("wireOf() gives text of times that every declared precision reads", () => {
  const at = (type: string, text: string) => wireOf(column(type), "text")!(text);
  assertEquals(at("timestamp", "2026-01-01 10:00:00.123"), '"2026-01-01T10:00:00.123"');
  assertEquals(timestamp(3).parse(JSON.parse(at("timestamp", "2026-01-01 10:00:00.123"))), 1767261600123000);
  assertEquals(time(3).parse(JSON.parse(at("time", "10:00:00.5"))), 36000500000);
  assertEquals(at("int8", "5"), "5");
  for (const text of ["infinity", "-infinity", "0044-03-15 00:00:00 BC", "10000-01-01 00:00:00"]) {
    assertEquals(timestamp(3).safeParse(JSON.parse(at("timestamp", text))).success, false, text);
  }
});

Deno.test("wireOf() does not guess", () => {
  for (const type of ["point", "interval", "hstore", "record"]) {
    assertEquals(wireOf(column(type, { category: "U" })), null);
  }
});

Deno.test("selectExpression() asks for arrays as JSON and for money without its currency", () => {
  assertEquals(selectExpression(column("text", { array: true }), '"c"'), 'to_json("c"::text[])::text');
  assertEquals(selectExpression(column("money"), '"c"'), '"c"::numeric::text');
  assertEquals(selectExpression(column("bpchar"), '"c"'), '"c"');
});
