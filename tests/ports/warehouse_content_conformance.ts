import { assertEquals, assertRejects } from "@std/assert";
import type { TableSpec, UpsertRow, Warehouse } from "../../src/ports/warehouse.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { PLAIN, sale, shownBy, type Test } from "./warehouse_fixtures.ts";
import { lineOf } from "../line_bytes.ts";

const POISON: readonly [line: string, reason: string][] = [
  ['["x","1.00",null', "text for a number"],
  ['[null,"1.00",null', "null where none may be"],
  ['[7,"1.00"', "a value too few"],
  ['[7,"1.00",null,5', "a value too many"],
  ['[7,"999999999999999999999.00",null', "a decimal too large"],
  ['[7,"1.00","half', "text without an end"],
  ['[7,null,"null"', "null for a decimal"],
  ['[7,"1.00",5', "a number for text"],
  ['[7,"1.00",["a"]', "an array for text"],
  ['[7,"1.00","\\ud83d"', "half of a character"],
];

/** A value of the type that is stored, and one that is refused. */
const TYPED: readonly [type: string, right: string, wrong: string][] = [
  ["Int64", "5", '"five"'],
  ["Float64", "0.5", '"half"'],
  ["Decimal(5, 2)", '"999.99"', '"1000.00"'],
  ["Bool", "true", '"perhaps"'],
  ["UUID", '"6F9619FF-8B86-D011-B42D-00C04FC964FF"', '"6F9619FF"'],
  ["Enum8('new' = 1, 'it\\'s' = 2)", '"it\'s"', '"its"'],
  ["FixedString(2)", '"ä"', '"äö"'],
  ["DateTime64(3)", '"2024-02-29 12:30:00.001"', '"soon"'],
  ["LowCardinality(String)", '"a"', "5"],
  ["DateTime('UTC')", "4294967295", '"soon"'],
  ["IPv4", '"10.0.0.1"', '"10.0.0.256"'],
  ["IPv6", '"2001:DB8::1"', '"2001::db8::1"'],
  ["JSON", '{"a":{"b":[1,"x"]},"c":null}', '"{}"'],
  ["JSON", "{}", '{"a":"\\ud83d"}'],
  ["JSON", "{}", "null"],
  ["Nullable(JSON)", "null", "[]"],
  ["Map(String, Int64)", '{"b":1,"a":2}', '{"a":null}'],
  ["Map(Int32, String)", '{"-7":"x"}', '{"x":"x"}'],
  ["Map(String, Array(Int64))", '{"a":[]}', '{"a":[1,null]}'],
  ["Tuple(Int64, Nullable(String))", "[5,null]", "[null,null]"],
  ["Tuple(Int64, String)", '[5,"a"]', "[5]"],
  ["Tuple(a Int64, b Nullable(String))", '{"a":5,"b":null}', '{"a":null,"b":"x"}'],
  ["Array(Tuple(x Int8))", '[{"x":1}]', "[[1]]"],
  ["Array(UUID)", "[]", '["none"]'],
  ["Array(Int64)", "[1]", "[null]"],
];

const inserterInto = (warehouse: Warehouse, table: TableSpec) => (upserts: readonly UpsertRow[]) =>
  warehouse.insert({ table, upserts, deletes: [] });

/** Which content of rows is refused: the same by every warehouse, with or without SQL. */
export function warehouseContentConformance(test: Test): void {
  test("insert() refuses a row that does not fit for good, and stores none of its upserts", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    const insert = inserterInto(warehouse, PLAIN);
    const many = Array.from({ length: 1_000 }, (_, id) => sale(id));
    for (const [line, reason] of POISON) {
      const error = await assertRejects(
        () => insert([...many, { ...sale(7), line: lineOf(line) }, ...many]),
        ProductionError,
        undefined,
        reason,
      );
      assertEquals(error.retriable, false, reason);
    }
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), []);
    await insert(many);
    assertEquals((await shownBy(warehouse, PLAIN, "sales@0")).length, 1_000);
  });

  for (const [type, right, wrong] of TYPED) {
    test(`insert() stores ${right} as ${type}, and refuses ${wrong} for good`, async ({ warehouse }) => {
      const table: TableSpec = {
        name: "typed",
        columns: [{ name: "id", type: "Int64" }, { name: "value", type }],
        key: ["id"],
        shares: false,
      };
      await warehouse.ensure(table);
      const insert = inserterInto(warehouse, table);
      await insert([{ ...sale(1), line: lineOf(`[1,${right}`) }]);
      const error = await assertRejects(
        () => insert([{ ...sale(2), line: lineOf(`[2,${wrong}`) }]),
        ProductionError,
      );
      assertEquals(error.retriable, false);
      assertEquals(await shownBy(warehouse, table, "sales@0"), ["1:2"]);
    });
  }
}
