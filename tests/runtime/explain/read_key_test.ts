import { assertEquals, assertThrows } from "@std/assert";
import type { SinkPlan } from "../../../src/plan/physical.ts";
import { plainKeyColumn } from "../../../src/record/key_column.ts";
import { type AskedKey, sinkKeyRow, sinkKeys, tableKeys } from "../../../src/runtime/explain/read_key.ts";

/** A sink with these key columns, by name; its row keys are in the order of their names. */
function sinkOf(types: Readonly<Record<string, string>>): SinkPlan {
  const key = Object.keys(types);
  const columns = Object.entries(types).map(([name, type]) => ({ name, type }));
  const sorted = [...key].sort();
  const keyOrder = key.map((name) => sorted.indexOf(name));
  return { name: "shown", table: { name: "shown", columns, key, shares: false }, keyOrder, byName: true };
}

Deno.test("sinkKeys() reads a typed key by the types of its columns, and sinkKeyRow() shows it", async (t) => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, AskedKey, string | number, unknown])[] = [
    [{ id: "Int64" }, "42", 42, { id: 42 }],
    [{ id: "Int64" }, "[42]", 42, { id: 42 }],
    [{ id: "UInt64" }, "9007199254740993", "9007199254740993", { id: 9007199254740993n }],
    [{ id: "UInt64" }, "[9007199254740993]", "9007199254740993", { id: 9007199254740993n }],
    [{ id: "String" }, "42", '"42"', { id: "42" }],
    [{ id: "String" }, "a,b", '"a,b"', { id: "a,b" }],
    // What the only column can hold as it is, that is meant.
    [{ id: "String" }, "[1]", '"[1]"', { id: "[1]" }],
    [{ id: "String" }, '{"id":"x"}', '"{\\"id\\":\\"x\\"}"', { id: '{"id":"x"}' }],
    [{ id: "String" }, '"x"', '"\\"x\\""', { id: '"x"' }],
    [{ id: "String" }, "", '""', { id: "" }],
    [{ id: "Int64" }, '{"id":42}', 42, { id: 42 }],
    [{ id: "Nullable(String)" }, "null", "null", { id: null }],
    [{ day: "Date" }, "2026-01-31", 20_484, { day: "2026-01-31" }],
    [{ at: "DateTime64(6)" }, "2026-01-31 10:00:00.25", 1_769_853_600_250_000, { at: "2026-01-31 10:00:00.25" }],
    [{ at: "DateTime" }, "2026-01-31T10:00:00Z", 1_769_853_600_000_000, { at: "2026-01-31 10:00:00" }],
    [{ at: "DateTime64(3)" }, "1769853600000000", 1_769_853_600_000_000, { at: "2026-01-31 10:00:00" }],
    [{ ok: "Bool" }, "true", "true", { ok: true }],
    [{ id: "UUID" }, "ABCDEF00-0000-4000-8000-000000000000", '"abcdef00-0000-4000-8000-000000000000"', {
      id: "abcdef00-0000-4000-8000-000000000000",
    }],
    [{ seller: "Int64", hour: "DateTime64(6)" }, "3, 2026-01-31 10:00:00", "1769853600000000,3", {
      seller: 3,
      hour: "2026-01-31 10:00:00",
    }],
    [{ seller: "Int64", city: "String" }, '{"city":"Lyon","seller":3}', '"Lyon",3', { seller: 3, city: "Lyon" }],
    [{ seller: "Int64", city: "String" }, '[3,"a, b"]', '"a, b",3', { seller: 3, city: "a, b" }],
    [{ seller: "Int64", city: "String" }, { seller: "3", city: "x" }, '"x",3', { seller: 3, city: "x" }],
  ];
  for (const [types, asked, key, row] of cases) {
    await t.step(`${JSON.stringify(asked)} as ${Object.values(types)}`, () => {
      const sink = sinkOf(types);
      assertEquals(sinkKeys(sink, asked), [key]);
      assertEquals(sinkKeyRow(sink, key), row);
    });
  }
});

Deno.test("sinkKeys() refuses what is no key of the sink, and says how to write one", async (t) => {
  const two = { seller: "Int64", hour: "DateTime64(6)" };
  const cases: readonly (readonly [Readonly<Record<string, string>>, AskedKey, string])[] = [
    [{ id: "Int64" }, "x", 'Cannot use "x" as "id", which is Int64'],
    [{ day: "Date" }, "tomorrow", "write 2026-01-31"],
    // No calendar has them.
    [{ day: "Date32" }, "99999999999", "write 2026-01-31"],
    [{ day: "Date32" }, "-99999999999", "write 2026-01-31"],
    [{ at: "DateTime64(6)" }, "99999999999999999999", "write 2026-01-31 10:00:00"],
    [{ at: "DateTime" }, "-9999999999999999999", "write 2026-01-31 10:00:00"],
    [{ kind: "Enum8('a' = 1)" }, "b", "Enum8"],
    [two, "3", "made of seller, hour"],
    [two, { seller: "3" }, "hour is missing"],
    [two, { seler: "3" }, 'Did you mean "seller"'],
  ];
  for (const [types, asked, said] of cases) {
    await t.step(said, () => void assertThrows(() => sinkKeys(sinkOf(types), asked), TypeError, said));
  }
});

Deno.test("tableKeys() gives both a number and a text where the column may hold either", () => {
  assertEquals(tableKeys([plainKeyColumn("id")], "42"), [42, '"42"']);
  assertEquals(tableKeys([plainKeyColumn("id")], "x"), ['"x"']);
  assertEquals(tableKeys([plainKeyColumn("id")], "[1]"), ['"[1]"']);
  assertEquals(tableKeys([plainKeyColumn("id")], ""), ['""']);
  // As it is first, and then as the key of a record.
  assertEquals(tableKeys([plainKeyColumn("id")], '{"id":1}'), ['"{\\"id\\":1}"', 1, '"1"']);
  assertEquals(tableKeys([plainKeyColumn("id")], '{"other":1}'), ['"{\\"other\\":1}"']);
  assertEquals(tableKeys([plainKeyColumn("id")], '"x"'), ['"\\"x\\""', '"x"']);
});

Deno.test("tableKeys() gives times and days also as tables hold them", () => {
  const hour = [plainKeyColumn("hour")];
  assertEquals(tableKeys(hour, "2026-01-31 10:00:00.25"), ['"2026-01-31 10:00:00.25"', 1_769_853_600_250_000]);
  assertEquals(tableKeys(hour, "2026-01-31"), ['"2026-01-31"', 1_769_817_600_000_000, 20_484]);
  assertEquals(tableKeys(hour, "2026-13-31"), ['"2026-13-31"']);
  assertEquals(tableKeys([plainKeyColumn("seller"), ...hour], "3, 2026-01-31 10:00"), [
    '3,"2026-01-31 10:00"',
    "3,1769853600000000",
    '"3","2026-01-31 10:00"',
    '"3",1769853600000000',
  ]);
});
