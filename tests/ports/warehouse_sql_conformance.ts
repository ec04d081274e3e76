import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { TableSpec, UpsertRow, ViewColumn, Warehouse } from "../../src/ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../src/record/errors.ts";
import { PARTIAL, PLAIN, sale, shownBy, type Test } from "./warehouse_fixtures.ts";
import { lineOf } from "../line_bytes.ts";

const TYPES: TableSpec = {
  name: "types",
  columns: [
    ...[{ name: "id", type: "Int64" }, { name: "u", type: "UInt64" }, { name: "small", type: "Int16" }],
    ...[{ name: "money", type: "Decimal(18,2)" }, { name: "exact", type: "Nullable(Decimal(38, 10))" }],
    ...[{ name: "at", type: "DateTime64(6)" }, { name: "maybe_at", type: "Nullable(DateTime64(6))" }],
    ...[{ name: "day", type: "Date" }, { name: "wide_day", type: "Date32" }, { name: "yes", type: "bool" }],
    ...[{ name: "tags", type: "Array(String)" }, { name: "note", type: "Nullable(String)" }, {
      name: "uuid",
      type: "UUID",
    }],
    ...[{ name: "kind", type: "LowCardinality(String)" }, { name: "state", type: "Enum8('new' = 1, 'paid' = 2)" }],
    ...[{ name: "rate", type: "Float64" }, { name: "odd `name`", type: "LowCardinality(Nullable(String))" }],
  ],
  key: ["id"],
  shares: false,
  indexes: { at: "minmax", kind: "set(100)", uuid: "bloom_filter(0.01)" },
};

const UUID = "123e4567-e89b-12d3-a456-426614174000";

function typed(id: string, line: string): UpsertRow {
  return { line: lineOf(`[${id},${line}`), task: "types@0", key: id, digest: 1, epoch: 1, seq: 1 };
}

/** What a warehouse on ClickHouse does beyond the port's bare rows: views, types, ALTER, refusals. */
export function warehouseSqlConformance(test: Test): void {
  typeCases(test);
  viewCases(test);
  changeCases(test);
  shapeCases(test);
  partCases(test);
}

const upsert = (warehouse: Warehouse, table: TableSpec, ...upserts: UpsertRow[]) =>
  warehouse.insert({ table, upserts, deletes: [] });

function typeCases(test: Test): void {
  test("query() reads through the view what insert() wrote, in every type", async ({ warehouse }) => {
    assertEquals(await warehouse.ensure(TYPES), { created: true, added: [] });
    assertEquals(await warehouse.ensure(TYPES), { created: false, added: [] });
    await upsert(
      warehouse,
      TYPES,
      typed(
        "9007199254740993",
        `"18446744073709551615",-32768,"-12.30","-1234567890123456789012345678.0123456789",1700000000123456,-1,19000,` +
          `-100,true,["a","b,\\"c\\""],null,"${UUID}","Zürich 😀","paid",0.1,null`,
      ),
      typed(
        "-1",
        `0,0,"0.00",null,"2024-02-29 12:30:00.000001",null,"2024-02-29","1900-01-01",false,` +
          `[],"","${UUID}","","new",-1.5e300,""`,
      ),
    );
    const rows = await warehouse.query("SELECT * FROM types ORDER BY id");
    assertEquals(rows, [
      {
        ...{ id: "-1", u: "0", small: 0, money: "0.00", exact: null, at: "2024-02-29 12:30:00.000001", maybe_at: null },
        ...{ day: "2024-02-29", wide_day: "1900-01-01", yes: false, tags: [], note: "", uuid: UUID, kind: "" },
        ...{ state: "new", rate: -1.5e300, "odd `name`": "" },
      },
      {
        ...{ id: "9007199254740993", u: "18446744073709551615", small: -32768, money: "-12.30" },
        ...{ exact: "-1234567890123456789012345678.0123456789", at: "2023-11-14 22:13:20.123456" },
        ...{ maybe_at: "1969-12-31 23:59:59.999999", day: "2022-01-08", wide_day: "1969-09-23", yes: true },
        ...{
          tags: ["a", 'b,"c"'],
          note: null,
          uuid: UUID,
          kind: "Zürich 😀",
          state: "paid",
          rate: 0.1,
          "odd `name`": null,
        },
      },
    ]);
    assertEquals(await shownBy(warehouse, TYPES, "types@0"), ["-1:1", "9007199254740993:1"]);
  });

  test("query() cannot write", async ({ warehouse, database }) => {
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, PLAIN, sale(1));
    for (
      const sql of [
        `DROP TABLE ${database}.sales_rows`,
        `INSERT INTO sales_rows (id) SELECT 7`,
        "SELECT 1 INTO OUTFILE 'x'",
      ]
    ) {
      const error = await assertRejects(() => warehouse.query(sql), ProductionError);
      assert(!error.message.includes("NaN"));
    }
    assertEquals(await warehouse.query("SELECT id, amount FROM sales"), [{ id: "1", amount: "1.00" }]);
  });
}

function viewCases(test: Test): void {
  test("the view of a table of shares adds up the rows of all tasks", async ({ warehouse }) => {
    await warehouse.ensure(PARTIAL);
    const row = (seller: string, revenue: string, units: number, task: string, seq = 1): UpsertRow => ({
      ...{ line: lineOf(`["${seller}",1700000000000000,"${revenue}",${units}`), key: `"${seller}",1700000000000000` },
      ...{ task, digest: 1, epoch: 1, seq },
    });
    await upsert(warehouse, PARTIAL, row("acme", "0.10", 1, "sales@0"), row("acme", "0.20", 2, "sales@1"));
    await upsert(
      warehouse,
      PARTIAL,
      row("acme", "9007199254740993.01", 3, "sales@2"),
      row("bolt", "1.00", 3, "sales@0"),
    );
    await upsert(warehouse, PARTIAL, row("acme", "0.30", 2, "sales@1", 2));
    const hour = "2023-11-14 22:13:20.000000";
    assertEquals(await warehouse.query("SELECT * FROM revenue ORDER BY seller"), [
      { seller: "acme", hour, revenue: "9007199254740993.41", units: 6, average: "1501199875790165.56" },
      { seller: "bolt", hour, revenue: "1.00", units: 3, average: "0.33" },
    ]);
    const gone = {
      keyLine: '["bolt",1700000000000000',
      key: '"bolt",1700000000000000',
      task: "sales@0",
      epoch: 1,
      seq: 9,
    };
    await warehouse.insert({ table: PARTIAL, upserts: [], deletes: [gone] });
    assertEquals(await warehouse.query("SELECT seller FROM revenue"), [{ seller: "acme" }]);
  });

  test("ensure() replaces the view when its expressions change, and only then", async ({ warehouse, database }) => {
    const state = async () =>
      await warehouse.query(`SELECT uuid FROM system.tables WHERE database = '${database}' AND name = 'revenue'`);
    await warehouse.ensure(PARTIAL);
    const before = await state();
    await warehouse.ensure(PARTIAL);
    assertEquals(await state(), before);
    const view: ViewColumn[] = [{ name: "most", type: "Int8", kind: "max", shares: { value: "revenue" }, scale: 0 }];
    await warehouse.ensure({ ...PARTIAL, view });
    assert((await state())[0].uuid !== before[0].uuid);
    assertEquals((await warehouse.query("DESCRIBE TABLE revenue")).map((row) => row.name), ["seller", "hour", "most"]);
  });

  test("ensure() tells how to put shares of another shape aside, and fills in what is new", async (opened) => {
    const { warehouse, database } = opened;
    await warehouse.ensure(PARTIAL);
    const columns = PARTIAL.columns.map((column) => column.name === "units" ? { ...column, type: "Int128" } : column);
    const wider: TableSpec = { ...PARTIAL, columns: [...columns, { name: "_refused", type: "UInt8" }] };
    const error = await assertRejects(() => warehouse.ensure(wider), ConfigError);
    assertEquals(error.problems.length, 1);
    assertStringIncludes(error.message, "as Int128: current value is Int64");
    const repair = /RENAME TABLE [^;]+/.exec(error.message)![0];
    await opened.command!(repair);
    assertEquals(await warehouse.ensure(wider), { created: true, added: [] });
    assertEquals(await warehouse.query("SELECT * FROM revenue"), []);
    assertStringIncludes(repair, `\`${database}\`.\`revenue_rows_old\``);
  });
}

function changeCases(test: Test): void {
  test("shown() gives digest -1 for a row changed by hand, and leaves out a row deleted by hand", async (opened) => {
    const { warehouse, database } = opened;
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, PLAIN, sale(1), sale(2), sale(3), sale(4));
    const alter = (change: string) =>
      opened.command!(`ALTER TABLE ${database}.sales_rows ${change} SETTINGS mutations_sync = 2`);
    await alter("UPDATE amount = 7 WHERE id = 1");
    await alter("UPDATE note = '' WHERE id = 2");
    await alter("DELETE WHERE id = 3");
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:-1", "2:-1", "4:5"]);
    // In sum, a row that is gone is noticed, and one that was changed is not.
    const sums = await warehouse.summed(PLAIN, [{ task: "sales@0", epoch: 1, seq: 1 }]);
    assertEquals(sums.get("sales@0"), { rows: 3, digests: BigInt(2 + 3 + 5) });
    await upsert(warehouse, PLAIN, sale(1, { seq: 2 }), sale(2, { seq: 2 }), sale(3, { seq: 2 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:2", "2:3", "3:4", "4:5"]);
  });

  test("ensure() adds a missing column; older rows count as changed until written again", async ({ warehouse }) => {
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, PLAIN, sale(1), sale(2));
    const columns = [PLAIN.columns[0], { name: "country", type: "Nullable(String)" }, ...PLAIN.columns.slice(1)];
    const wider: TableSpec = { ...PLAIN, columns, indexes: { country: "set(10)" } };
    assertEquals(await warehouse.ensure(wider), { created: false, added: ["country"] });
    assertEquals(await warehouse.ensure(wider), { created: false, added: [] });
    assertEquals(await shownBy(warehouse, wider, "sales@0"), ["1:-1", "2:-1"]);
    await upsert(warehouse, wider, { ...sale(1, { seq: 2 }), line: lineOf('[1,"DE","1.00",null') });
    assertEquals(await shownBy(warehouse, wider, "sales@0"), ["1:2", "2:-1"]);
    assertEquals(await warehouse.query("SELECT * FROM sales WHERE id = 1"), [{
      id: "1",
      country: "DE",
      amount: "1.00",
      note: null,
    }]);
    // Back to the narrower declaration: the column stays in the table, out of the view and out of the check.
    assertEquals(await warehouse.ensure(PLAIN), { created: false, added: [] });
    await upsert(warehouse, PLAIN, sale(1, { seq: 3, digest: 33 }));
    assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:33", "2:3"]);
    assertEquals(Object.keys((await warehouse.query("SELECT * FROM sales"))[0]), ["id", "amount", "note"]);
  });
}

function shapeCases(test: Test): void {
  test("ensure() refuses a declaration that contradicts itself, with all problems at once", async ({ warehouse }) => {
    const columns = [...PLAIN.columns, { name: "_task", type: "String" }];
    const wrong: TableSpec = { ...PLAIN, key: ["nobody"], shares: true, columns };
    const error = await assertRejects(() => warehouse.ensure(wrong), ConfigError);
    assertEquals(error.problems.length, 3);
    const type: TableSpec = { ...PLAIN, columns: [{ name: "id", type: "Integger" }] };
    assertStringIncludes((await assertRejects(() => warehouse.ensure(type), ConfigError)).message, "Integger");
  });

  test("ensure() may run in several instances at once", async ({ warehouse }) => {
    const reports = await Promise.all(Array.from({ length: 6 }, () => warehouse.ensure(PARTIAL)));
    assert(reports.every((report) => report.added.length === 0));
    await Promise.all([PARTIAL, PLAIN, PARTIAL, PLAIN].map((table) => warehouse.ensure(table)));
    assertEquals(await warehouse.query("SELECT * FROM revenue"), []);
  });

  test("ensure() refuses a table of another shape and says what would repair it", async ({ warehouse, database }) => {
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, PLAIN, sale(1));
    const [id, amount, note] = PLAIN.columns;
    const refused = async (table: TableSpec, ...expected: string[]) => {
      const error = await assertRejects(() => warehouse.ensure(table), ConfigError);
      assertEquals(error.problems.length, expected.length, error.message);
      expected.forEach((text, index) => assertStringIncludes(error.problems[index], text));
    };
    const rows = `\`${database}\`.\`sales_rows\``;
    const money = { ...amount, type: "Decimal(18, 4)" };
    await refused(
      { ...PLAIN, columns: [id, money, note] },
      `ALTER TABLE ${rows} MODIFY COLUMN \`amount\` Decimal(18, 4)`,
    );
    await refused({ ...PLAIN, columns: [{ ...id, type: "String" }, amount, note] }, `RENAME TABLE ${rows}`);
    await refused({ ...PLAIN, key: ["id", "amount"] }, "ORDER BY (id, amount): current value is ORDER BY (id)");
    const partial = {
      ...PLAIN,
      shares: true,
      view: [{ name: "amount", type: "Int8", kind: "sum", shares: { value: "amount" }, scale: 0 }],
    } as const;
    await refused(
      { ...partial, columns: [id, money, note] },
      "ORDER BY (id, _task)",
      "Decimal(18, 4): current value is Decimal(18, 2)",
    );
    assertEquals(await warehouse.query("SELECT * FROM sales"), [{ id: "1", amount: "1.00", note: null }]);
  });

  test("ensure() refuses a table that is not its own", async (opened) => {
    const { warehouse, database } = opened;
    await warehouse.ensure({ ...PLAIN, name: "first" });
    await opened.command!(
      `CREATE TABLE ${database}.sales_rows (id Int64) ENGINE = MergeTree ORDER BY id PARTITION BY id % 2`,
    );
    const engine = await assertRejects(() => warehouse.ensure(PLAIN), ConfigError);
    assertStringIncludes(engine.message, "current value is MergeTree");
    assertStringIncludes(engine.message, "PARTITION BY id % 2");
    await opened.command!(`CREATE TABLE ${database}.other (id Int64) ENGINE = MergeTree ORDER BY id`);
    const view = await assertRejects(() => warehouse.ensure({ ...PLAIN, name: "other" }), ConfigError);
    assertStringIncludes(view.message, "as a view: current value is a table of engine MergeTree");
  });
}

function partCases(test: Test): void {
  test("insert() stores 100,000 rows as one part", async ({ warehouse, database }) => {
    await warehouse.ensure(PLAIN);
    await upsert(warehouse, PLAIN, ...Array.from({ length: 100_000 }, (_, id) => sale(id)));
    const parts = await warehouse.query(
      `SELECT rows FROM system.parts WHERE database = '${database}' AND table = 'sales_rows' AND active`,
    );
    assertEquals(parts.map((part) => Number(part.rows)), [100_000]);
  });

  for (const window of [0, 1000]) {
    test(`insert() adds rows that it added before, in a table that remembered ${window} inserts`, async (opened) => {
      const { warehouse, database, command } = opened;
      await warehouse.ensure(PLAIN);
      const rows = `${database}.sales_rows`;
      if (window > 0) {
        await command!(`ALTER TABLE ${rows} MODIFY SETTING non_replicated_deduplication_window = ${window}`);
        assertEquals(await warehouse.ensure(PLAIN), { created: false, added: [] });
      }
      await upsert(warehouse, PLAIN, sale(1));
      await command!(`ALTER TABLE ${rows} DELETE WHERE 1 SETTINGS mutations_sync = 2`);
      assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), []);
      await upsert(warehouse, PLAIN, sale(1));
      assertEquals(await shownBy(warehouse, PLAIN, "sales@0"), ["1:2"]);
    });
  }
}
