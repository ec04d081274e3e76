import { assert, assertEquals, assertRejects } from "@std/assert";
import { APPEND_TOKENS, type AppendRow, type AppendTableSpec } from "../../src/ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../src/record/errors.ts";
import { lineOf } from "../line_bytes.ts";
import { appendOf, event, EVENTS, inputs, type OpenedWarehouse, type Test } from "./warehouse_fixtures.ts";

const DAILY: AppendTableSpec = { ...EVENTS, partitionBy: "toDate(at)", ttl: "toDateTime(at) + INTERVAL 9999 DAY" };

/** A row of that day, in a partition of its own. */
function ofDay(day: number): AppendRow {
  return { ...event(day), line: lineOf(`["a",${(20_000 + day) * 86_400_000_000},null`) };
}

/** Append tables in SQL: their view, their shape, their partitions. */
export function warehouseAppendSqlConformance(test: Test): void {
  shapeCases(test);
  deadlineCases(test);

  test("an append table's view shows the declared columns of all rows, equal ones too", async (opened) => {
    const { warehouse, database } = opened;
    await warehouse.ensureAppend(EVENTS);
    const line = lineOf('["ä\\"",1700000000000000,"12.50"');
    await warehouse.append(appendOf(inputs(0, 2), { rows: [0, 1].map((offset) => ({ line, offset, index: 0 })) }));
    const row = { kind: 'ä"', at: "2023-11-14 22:13:20.000000", amount: "12.50" };
    assertEquals(await warehouse.query(`SELECT * FROM ${database}.events`), [row, row]);
    const [stored] = await warehouse.query(`SELECT * FROM ${database}.events_rows ORDER BY _offset LIMIT 1`);
    assertEquals(stored, { ...row, _source: "shop.events#a1", _partition: 0, _offset: "0", _index: 0 });
  });

  test("append() adds rows of several partitions, of more than a hundred, too, once", async (opened) => {
    const { warehouse, database } = opened;
    await warehouse.ensureAppend(DAILY);
    const range = inputs(0, 150);
    const rows = Array.from({ length: 150 }, (_, day) => ofDay(day));
    // As much as an insert that failed may have left behind: parts of some partitions.
    await warehouse.append(appendOf(range, { table: DAILY, rows: rows.slice(0, 70) }));
    for (const repeated of [undefined, true] as const) {
      await warehouse.append(appendOf(range, { table: DAILY, rows, repeated }));
      assertEquals((await warehouse.appended(DAILY, range)).map(({ offset }) => offset), rows.map((_, day) => day));
    }
    const [{ parts }] = await warehouse.query(
      `SELECT uniqExact(partition_id) AS parts FROM system.parts WHERE database = '${database}' AND active`,
    );
    assertEquals(Number(parts), 150);
  });

  test("append() remembers tokens over merges, and where rows were changed", async (opened) => {
    const { warehouse, database, command } = opened;
    await warehouse.ensureAppend(EVENTS);
    for (const from of [0, 10, 20]) await warehouse.append(appendOf(inputs(from, from + 10)));
    await command!(`OPTIMIZE TABLE ${database}.events_rows FINAL`);
    await command!(
      `ALTER TABLE ${database}.events_rows UPDATE amount = 1 WHERE _offset = 5 SETTINGS mutations_sync = 1`,
    );
    for (const from of [0, 10, 20]) await warehouse.append(appendOf(inputs(from, from + 10)));
    assertEquals((await warehouse.appended(EVENTS, inputs(0, 30))).length, 30);
    await command!(`DELETE FROM ${database}.events_rows WHERE _offset = 6`);
    assertEquals((await warehouse.appended(EVENTS, inputs(0, 30))).length, 29);
  });

  test("appended() reads hardly more than its range, whatever the order of the table", async (opened) => {
    const { warehouse, database, command } = opened;
    const table: AppendTableSpec = {
      name: "events",
      columns: [{ name: "id", type: "UInt64" }],
      orderBy: ["id"],
    };
    await warehouse.ensureAppend(table);
    const { source } = inputs(0, 0);
    await command!(
      `INSERT INTO ${database}.events_rows SELECT cityHash64(number), '${source}', number % 3, intDiv(number, 3), 0 ` +
        "FROM numbers(300000)",
    );
    const range = { source, partition: 1, from: 50_000, to: 50_100 };
    assertEquals((await warehouse.appended(table, range)).length, 100);
    const plan = await warehouse.query(
      `EXPLAIN indexes = 1 SELECT _offset, _index FROM ${database}.events_rows WHERE _source = '${source}' ` +
        "AND _partition = 1 AND _offset >= 50000 AND _offset < 50100 ORDER BY _offset, _index",
    );
    const granules = plan.flatMap(({ explain }) => /Granules: (\d+)\/\d+/.exec(String(explain))?.[1] ?? []);
    assert(granules.length > 0 && granules.every((read) => Number(read) <= 2), JSON.stringify(plan));
  });
}

async function problems(opened: OpenedWarehouse, table: AppendTableSpec): Promise<string> {
  const error = await assertRejects(() => opened.warehouse.ensureAppend(table), ConfigError);
  return error.problems.join("\n");
}

function shapeCases(test: Test): void {
  test("ensureAppend() adds columns and indexes, and the view shows them", async ({ warehouse, database }) => {
    await warehouse.ensureAppend(EVENTS);
    await warehouse.append(appendOf(inputs(0, 1)));
    const wider: AppendTableSpec = {
      ...EVENTS,
      columns: [...EVENTS.columns, { name: "town", type: "String" }],
      indexes: { town: "bloom_filter" },
    };
    assertEquals(await warehouse.ensureAppend(wider), { created: false, added: ["town"] });
    assertEquals(await warehouse.ensureAppend(wider), { created: false, added: [] });
    const [row] = await warehouse.query(`SELECT town FROM ${database}.events`);
    assertEquals(row, { town: "" });
  });

  test("ensureAppend() keeps partitions, time to live and order as they are spelled", async ({ warehouse }) => {
    const table = { ...DAILY, orderBy: [] };
    for (const created of [true, false]) {
      assertEquals(await warehouse.ensureAppend(table), { created, added: [] });
    }
  });

  test("ensureAppend() names the statement that repairs another shape, which does", async (opened) => {
    const { warehouse, database, command } = opened;
    await command!(`CREATE DATABASE IF NOT EXISTS ${database}`);
    await command!(
      `CREATE TABLE ${database}.events_rows (kind LowCardinality(String), at DateTime64(6), ` +
        "amount Nullable(Decimal(9, 2)), _source LowCardinality(String), _partition UInt32, _offset Int64, " +
        "_index UInt32) ENGINE = MergeTree ORDER BY (kind, at) TTL toDateTime(at) + INTERVAL 1 DAY",
    );
    const text = await problems(opened, EVENTS);
    const statements = [...text.matchAll(/Change it with: (.*)$/gm)].map(([, statement]) => statement);
    const clauses = [
      "REMOVE TTL",
      `MODIFY SETTING non_replicated_deduplication_window = ${APPEND_TOKENS}`,
      "MODIFY COLUMN `amount` Nullable(Decimal(18, 2))",
    ];
    assertEquals(statements, clauses.map((clause) => `ALTER TABLE \`${database}\`.\`events_rows\` ${clause}`));
    for (const statement of statements) await command!(statement);
    assertEquals(await warehouse.ensureAppend(EVENTS), { created: false, added: [] });
    for (let time = 0; time < 2; time++) await warehouse.append(appendOf(inputs(0, 3)));
    assertEquals((await warehouse.appended(EVENTS, inputs(0, 3))).length, 3);
  });

  for (
    const [what, change, is] of [
      ["order", { orderBy: ["at"] }, "ORDER BY (kind, at)"],
      ["partitions", { partitionBy: "toYYYYMM(at)" }, "one partition"],
    ] as const
  ) {
    test(`ensureAppend() refuses a table of another ${what}, and says how to put it aside`, async (opened) => {
      await opened.warehouse.ensureAppend(EVENTS);
      const text = await problems(opened, { ...EVENTS, ...change });
      assert(text.includes(`current value is ${is}`) && text.includes("RENAME TABLE"), text);
    });
  }

  test("ensureAppend() refuses a table whose rows replace each other, and a name of bookkeeping", async (opened) => {
    const key = { name: "events", columns: EVENTS.columns, key: ["kind"], shares: false };
    await opened.warehouse.ensure(key);
    assert((await problems(opened, EVENTS)).includes("as MergeTree: current value is ReplacingMergeTree"));
    const columns = [...EVENTS.columns, { name: "_offset", type: "Int64" }];
    assert((await problems(opened, { ...EVENTS, columns })).includes("kept for bookkeeping"));
    assert((await problems(opened, { ...EVENTS, orderBy: ["town"] })).includes("Cannot declare the order"));
  });
}

function deadlineCases(test: Test): void {
  test("ensureAppend() gives a table that knows no deadlines what it lacks, and its rows stay", async (opened) => {
    const { warehouse, database, command } = opened;
    await warehouse.ensureAppend(EVENTS);
    await command!(`ALTER TABLE ${database}.events_rows DROP CONSTRAINT _in_time, DROP COLUMN _late`);
    await command!(`ALTER TABLE ${database}.events_rows DROP COLUMN _deadline`);
    await command!(`INSERT INTO ${database}.events_rows SELECT 'before', 0, NULL, 'other', 0, 0, 0`);
    for (let time = 0; time < 2; time++) {
      assertEquals(await warehouse.ensureAppend(EVENTS), { created: false, added: [] });
    }
    const late = appendOf(inputs(0, 3), { deadlineMs: await warehouse.nowMs() - 1 });
    assertEquals((await assertRejects(() => warehouse.append(late), ProductionError)).reason, "late");
    await warehouse.append(appendOf(inputs(0, 3)));
    await command!(`OPTIMIZE TABLE ${database}.events_rows FINAL`);
    assertEquals((await warehouse.query(`SELECT count() AS n FROM ${database}.events`))[0].n, "4");
  });

  test("append() is held to its deadline by the table, which keeps none", async (opened) => {
    const { warehouse, database, command } = opened;
    await warehouse.ensureAppend(DAILY);
    const rows = Array.from({ length: 3 }, (_, day) => ofDay(day));
    const late = appendOf(inputs(0, 3), { table: DAILY, rows, deadlineMs: await warehouse.nowMs() - 1 });
    assertEquals((await assertRejects(() => warehouse.append(late), ProductionError)).reason, "late");
    assertEquals(await warehouse.appended(DAILY, inputs(0, 3)), []);
    // What people do to a table: none of it asks for a deadline.
    await warehouse.append(appendOf(inputs(0, 3), { table: DAILY, rows }));
    const rowsTable = `${database}.events_rows`;
    await command!(`INSERT INTO ${rowsTable} SELECT * REPLACE (_offset + 10 AS _offset) FROM ${rowsTable}`);
    await command!(`ALTER TABLE ${rowsTable} UPDATE amount = 2 WHERE _offset = 1 SETTINGS mutations_sync = 1`);
    await command!(`OPTIMIZE TABLE ${rowsTable} FINAL`);
    assertEquals((await warehouse.appended(DAILY, inputs(0, 20))).length, 6);
    const kept = await warehouse.query(`SELECT DISTINCT _late FROM ${rowsTable}`);
    assertEquals(kept, [{ _late: 0 }]);
  });

  test("ensureAppend() refuses a deadline that was changed by hand, and names what repairs it", async (opened) => {
    const { warehouse, database, command } = opened;
    await warehouse.ensureAppend(EVENTS);
    const rowsTable = `${database}.events_rows`;
    await command!(`ALTER TABLE ${rowsTable} DROP CONSTRAINT _in_time, ADD CONSTRAINT _in_time CHECK 1`);
    const text = await problems(opened, EVENTS);
    const statement = /Drop it with: (.*);/.exec(text)?.[1];
    await command!(statement!);
    await warehouse.ensureAppend(EVENTS);
    const late = appendOf(inputs(0, 3), { deadlineMs: await warehouse.nowMs() - 1 });
    assertEquals((await assertRejects(() => warehouse.append(late), ProductionError)).reason, "late");
    await command!(`ALTER TABLE ${rowsTable} MODIFY COLUMN _late UInt8 MATERIALIZED 0`);
    assert((await problems(opened, EVENTS)).includes('column "_late"'));
  });
}
