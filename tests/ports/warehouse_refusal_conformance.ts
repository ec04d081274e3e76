import { assertEquals, assertRejects } from "@std/assert";
import type { TableSpec, UpsertRow } from "../../src/ports/warehouse.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { PLAIN, sale, shownBy, type Test } from "./warehouse_fixtures.ts";
import { lineOf } from "../line_bytes.ts";

/** Values, as JSON, that a column of the type does not take. */
const CONTENT: Readonly<Record<string, readonly string[]>> = {
  "Enum8('a' = 1)": ['"zz"', "7"],
  "FixedString(2)": ['"abc"'],
  "UUID": ['"nope"', "1"],
  "IPv4": ['"1.2.3"'],
  "IPv6": ['"zz"'],
  "Bool": ['"maybe"', "7"],
  "DateTime": ['"nope"'],
  "Date": ['"nope"'],
  "Decimal(5, 2)": ['"99999.99"', '"1e400"', '"x"'],
  "Float64": ['"x"'],
  "Array(Int64)": ['["x"]', "[[1]]", "1"],
  "Map(String, Int64)": ['{"a":"x"}', "[1]"],
  "JSON": ['"text"', '{"a":', `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`],
  "String": ["[1]", '"\\ud800"', "12"],
  "Variant(Int64, String)": ["[1]"],
};

/** What a warehouse on ClickHouse says is wrong: a row, or all of the table. */
export function warehouseRefusalConformance(test: Test): void {
  test("insert() says of every value that does not fit its column that it is the row's content", async (opened) => {
    const { warehouse } = opened;
    let tables = 0;
    for (const [type, values] of Object.entries(CONTENT)) {
      const columns = [{ name: "id", type: "Int64" }, { name: "value", type }];
      const table: TableSpec = { name: `content_${++tables}`, columns, key: ["id"], shares: false };
      await warehouse.ensure(table);
      for (const value of values) {
        const row: UpsertRow = { line: lineOf(`[1,${value}`), task: "t@0", key: "1", digest: 1, epoch: 1, seq: 1 };
        const error = await assertRejects(
          () => warehouse.insert({ table, upserts: [row], deletes: [] }),
          ProductionError,
        );
        assertEquals([error.reason, error.retriable], ["content", false], `${type} ${value.slice(0, 20)}`);
      }
    }
  });

  test("insert() blames a row for a constraint, and no row for a column or a table that is gone", async (opened) => {
    const { warehouse, database } = opened;
    await warehouse.ensure(PLAIN);
    const alter = (change: string) => opened.command!(`ALTER TABLE ${database}.sales_rows ${change}`);
    const kind = async () => {
      const insert = () => warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] });
      const error = await assertRejects(insert, ProductionError);
      return [error.reason, error.retriable];
    };
    await alter("ADD CONSTRAINT late CHECK id > 10");
    assertEquals(await kind(), ["content", false]);
    await alter("DROP CONSTRAINT late");
    await alter("RENAME COLUMN note TO remark");
    assertEquals(await kind(), ["setup", true]);
    await opened.command!(`DROP TABLE ${database}.sales_rows SYNC`);
    assertEquals(await kind(), ["missing", true]);
    for (const read of [() => shownBy(warehouse, PLAIN, "sales@0"), () => warehouse.greatestEpochs(PLAIN, ["a"])]) {
      assertEquals((await assertRejects<ProductionError>(read, ProductionError)).reason, "missing");
    }
    await warehouse.ensure(PLAIN);
    await warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] });
    assertEquals((await shownBy(warehouse, PLAIN, "sales@0")).length, 1);
  });
}
