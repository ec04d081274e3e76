import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import { leftOvers } from "../../../src/adapters/clickhouse/left_overs.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import type { TableSpec } from "../../../src/ports/warehouse.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";
import { PARTIAL, PLAIN, sale } from "../../ports/warehouse_fixtures.ts";

const server = clickHouseOfFile();

Deno.test("leftOvers() names Weir's own tables and columns alone, with statements that remove them", async () => {
  const database = "left";
  const warehouse = openClickHouse({ url: server().url, database });
  const connection = connect({ url: server().url, database });
  const command = (sql: string) => connection.command("test", sql);
  const named = async (...declared: TableSpec[]) =>
    (await leftOvers(warehouse, { database, declared })).map(({ what }) => what);
  try {
    const town = {
      ...PLAIN,
      columns: [...PLAIN.columns, { name: "to`wn", type: "String" }],
      indexes: { "to`wn": "minmax" },
    };
    await warehouse.ensure(town);
    await warehouse.ensure(PARTIAL);
    await warehouse.ensure({ ...PLAIN, name: "old" });
    // A person's own tables: another engine, Weir's engine without its columns, a view of the same name, a copy.
    await command("CREATE TABLE left.mine_rows (id Int64) ENGINE = MergeTree ORDER BY id");
    await command(
      "CREATE TABLE left.other_rows (id Int64, _task String, _version UInt64, _deleted UInt8) " +
        "ENGINE = ReplacingMergeTree(_version, _deleted) ORDER BY id",
    );
    await command("CREATE TABLE left.copy_rows ENGINE = MergeTree ORDER BY id AS SELECT * FROM left.old_rows");
    await command("ALTER TABLE left.sales_rows ADD COLUMN twice Int64 MATERIALIZED id * 2");

    assertEquals(await named(town, PARTIAL, { ...PLAIN, name: "old" }), []);
    assertEquals(await named(town, PARTIAL), ['table "old"']);
    // The column is still checked until the narrower declaration has been brought there.
    assertEquals(await named(PLAIN, PARTIAL), ['table "old"']);
    await warehouse.ensure(PLAIN);
    const left = await leftOvers(warehouse, { database, declared: [PLAIN] });
    assertEquals(left.map(({ what }) => what), ['table "old"', 'table "revenue"', 'column "to`wn" of table "sales"']);
    assertStringIncludes(left[0].statement, "DROP VIEW `left`.`old`; DROP TABLE `left`.`old_rows`");
    await warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] });
    for (const { statement } of left) for (const sql of statement.split("; ")) await command(sql);
    assertEquals(await named(PLAIN), []);
    assertEquals(await warehouse.query("SELECT * FROM sales"), [{ id: "1", amount: "1.00", note: null }]);
    const tables = await warehouse.query("SELECT name FROM system.tables WHERE database = 'left' ORDER BY name");
    assertEquals(tables.map(({ name }) => name), ["copy_rows", "mine_rows", "other_rows", "sales", "sales_rows"]);
  } finally {
    await connection.close();
    await warehouse.close();
  }
});

Deno.test("a table that was put aside is left over, without a view", async () => {
  const database = "aside";
  const warehouse = openClickHouse({ url: server().url, database });
  const connection = connect({ url: server().url, database });
  try {
    await warehouse.ensure(PLAIN);
    await connection.command("test", "RENAME TABLE aside.sales_rows TO aside.sales_rows_old");
    await warehouse.ensure(PLAIN);
    assertEquals(await leftOvers(warehouse, { database, declared: [PLAIN] }), [
      { what: 'table "sales_rows_old"', statement: "DROP TABLE `aside`.`sales_rows_old`" },
    ]);
  } finally {
    await connection.close();
    await warehouse.close();
  }
});
