import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { TableSpec } from "../../src/ports/warehouse.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { PARTIAL, PLAIN, sale, type Test } from "./warehouse_fixtures.ts";

/** Tables and views that somebody changed, dropped or left behind. */
export function warehouseTablesConformance(test: Test): void {
  viewTypeCases(test);
  test("present() misses a view, a table and a database that was dropped", async (opened) => {
    const { warehouse, database } = opened;
    const look = async () => (await warehouse.present([PLAIN])).get("sales")!;
    await warehouse.ensure(PLAIN);
    const { id } = await look();
    await opened.command!(`DROP VIEW ${database}.sales`);
    assertEquals(await look(), { id, view: false });
    assertEquals(await warehouse.ensure(PLAIN), { created: false, added: [] });
    assertEquals(await look(), { id, view: true });
    await opened.command!(`DROP TABLE ${database}.sales_rows`);
    assertEquals(await look(), { id: null, view: true });
    assertEquals(await warehouse.ensure(PLAIN), { created: true, added: [] });
    assertNotEquals((await look()).id, id);
    await opened.command!(`DROP DATABASE ${database}`);
    assertEquals(await look(), { id: null, view: false });
    assertEquals(await warehouse.ensure(PLAIN), { created: true, added: [] });
  });
}

function viewTypeCases(test: Test): void {
  test("the view takes the new type once the ALTER that ensure() prints was run", async (opened) => {
    const { warehouse } = opened;
    await warehouse.ensure(PLAIN);
    await warehouse.insert({ table: PLAIN, upserts: [sale(1)], deletes: [] });
    const columns = PLAIN.columns.map((column) =>
      column.name === "amount" ? { ...column, type: "Decimal(38, 4)" } : column
    );
    const wider: TableSpec = { ...PLAIN, columns };
    const error = await assertRejects(() => warehouse.ensure(wider), ConfigError);
    await opened.command!(/ALTER TABLE [^;]+$/.exec(error.message)![0]);
    assertEquals(await warehouse.ensure(wider), { created: false, added: [] });
    assertEquals(await typesOf(opened, "sales"), ["id Int64", "amount Decimal(38, 4)", "note Nullable(String)"]);
    assertEquals(await warehouse.query("SELECT amount FROM sales"), [{ amount: "1.0000" }]);
  });

  test("ensure() makes the view of a table of shares again when its columns have other types", async (opened) => {
    const { warehouse, database } = opened;
    await warehouse.ensure(PARTIAL);
    const right = await typesOf(opened, "revenue");
    const [{ select }] = await warehouse.query(
      `SELECT as_select AS select FROM system.tables WHERE database = '${database}' AND name = 'revenue'`,
    );
    const other = right.map((column) => column.replace("Int16", "Int64")).join(", ");
    await opened.command!(`CREATE OR REPLACE VIEW ${database}.revenue (${other}) AS ${select}`);
    assertStringIncludes((await typesOf(opened, "revenue")).join(), "units Int64");
    await warehouse.ensure(PARTIAL);
    assertEquals(await typesOf(opened, "revenue"), right);
  });
}

async function typesOf({ warehouse, database }: Parameters<Parameters<Test>[1]>[0], view: string): Promise<string[]> {
  const rows = await warehouse.query(
    `SELECT name, type FROM system.columns WHERE database = '${database}' AND table = '${view}' ORDER BY position`,
  );
  return rows.map(({ name, type }) => `${name} ${type}`);
}
