import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect, type Connection } from "../../../src/adapters/clickhouse/connection.ts";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import { createAppendTable } from "../../../src/adapters/clickhouse/append_sql.ts";
import { removeTombstones } from "../../../src/adapters/clickhouse/tombstones.ts";
import { createTable } from "../../../src/adapters/clickhouse/table_sql.ts";
import type { TableSpec, Warehouse } from "../../../src/ports/warehouse.ts";
import type { TableStorage } from "../../../src/record/table_storage.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { lineOf } from "../../line_bytes.ts";
import { clickHouseOfFile } from "../../own_clickhouse.ts";

const server = clickHouseOfFile();

const SALES: TableSpec = {
  name: "sales",
  columns: [
    ...[{ name: "id", type: "Int64" }, { name: "day", type: "Date" }, { name: "name", type: "LowCardinality(String)" }],
    ...[{ name: "amount", type: "Decimal(18, 2)" }, { name: "rate", type: "Nullable(Float64)" }],
  ],
  key: ["day", "id"],
  shares: false,
};

const STORAGE: TableStorage = {
  partitionBy: "toYYYYMM(day)",
  orderBy: ["id", "day"],
  ttl: "day + INTERVAL 3 MONTH RECOMPRESS CODEC(ZSTD(12)), day + interval 1 year recompress codec(ZSTD(17))",
  codecs: { id: "Delta, ZSTD", amount: "T64, LZ4HC", rate: "Gorilla, ZSTD(3)" },
  projections: { by_name: "select name, sum(amount) group by name" },
  settings: { index_granularity: 1024, ttl_only_drop_parts: true, merge_max_block_size: "4096" },
};

interface Opened {
  readonly warehouse: Warehouse;
  readonly connection: Connection;
  readonly database: string;
}

async function withDatabase(database: string, use: (opened: Opened) => Promise<void>): Promise<void> {
  const options = { url: server().url, database };
  const warehouse = openClickHouse(options);
  const connection = connect(options, database);
  try {
    await use({ warehouse, connection, database });
  } finally {
    await connection.close();
    await warehouse.close();
  }
}

const problemOf = async ({ warehouse }: Opened, storage: TableStorage | undefined) =>
  (await assertRejects(() => warehouse.ensure({ ...SALES, storage }), ConfigError)).message;

Deno.test("ensure() makes a table with the declared storage, and finds it unchanged at the next start", () =>
  withDatabase("stored", async ({ warehouse, connection }) => {
    const table = { ...SALES, storage: STORAGE };
    assertEquals(await warehouse.ensure(table), { created: true, added: [] });
    assertEquals(await warehouse.ensure(table), { created: false, added: [] });
    const [{ engine }] = await connection.select(
      "test",
      "SELECT engine_full AS engine FROM system.tables WHERE database = 'stored' AND name = 'sales_rows'",
    );
    for (const part of ["PARTITION BY toYYYYMM(day)", "ORDER BY (id, day)", "ttl_only_drop_parts = 1"]) {
      assertStringIncludes(String(engine), part);
    }
  }));

Deno.test("ensure() adds a column with its codec, and checks nothing that is not declared", () =>
  withDatabase("widened", async ({ warehouse, connection }) => {
    await warehouse.ensure({ ...SALES, storage: { ...STORAGE, partitionBy: undefined, ttl: undefined } });
    const columns = [...SALES.columns, { name: "note", type: "String" }];
    const report = await warehouse.ensure({ ...SALES, columns, storage: { ...ORDER, codecs: { note: "ZSTD(5)" } } });
    assertEquals(report, { created: false, added: ["note"] });
    const [{ codec }] = await connection.select(
      "test",
      "SELECT compression_codec AS codec FROM system.columns WHERE database = 'widened' AND name = 'note' " +
        "AND table = 'sales_rows'",
    );
    assertEquals(codec, "CODEC(ZSTD(5))");
  }));

const ORDER: TableStorage = { orderBy: STORAGE.orderBy };

Deno.test("ensure() refuses a table that is kept in another way, and the statement it names repairs it", async (t) => {
  const without = (name: keyof TableStorage): TableStorage => ({ ...STORAGE, [name]: undefined });
  const cases: readonly (readonly [what: string, before: TableStorage, after: TableStorage])[] = [
    ["another TTL", { ...STORAGE, ttl: "day + INTERVAL 9 DAY RECOMPRESS CODEC(ZSTD(2))" }, STORAGE],
    ["no TTL yet", without("ttl"), STORAGE],
    ["no codecs yet", without("codecs"), { ...without("codecs"), codecs: { id: "Delta, ZSTD" } }],
    ["another codec", STORAGE, { ...STORAGE, codecs: { ...STORAGE.codecs, amount: "ZSTD(2)" } }],
    ["a setting", STORAGE, { ...STORAGE, settings: { merge_max_block_size: 999 } }],
    ["no projection yet", without("projections"), STORAGE],
    ["another projection", STORAGE, { ...STORAGE, projections: { by_name: "SELECT name, count() GROUP BY name" } }],
    ["a TTL that deletes", { ...ORDER, ttl: "day + INTERVAL 100 YEAR" }, ORDER],
  ];
  for (const [what, before, after] of cases) {
    await t.step(what, () =>
      withDatabase(`repaired_${what.replaceAll(" ", "_")}`, async (opened) => {
        await opened.warehouse.ensure({ ...SALES, storage: before });
        const message = await problemOf(opened, after);
        const statements = message.match(/ALTER TABLE .*?(?=, then ALTER|$)/gm) ?? [];
        assert(statements.length > 0, message);
        for (const statement of statements) await opened.connection.command("repair", statement);
        assertEquals(await opened.warehouse.ensure({ ...SALES, storage: after }), { created: false, added: [] });
      }));
  }
});

Deno.test("ensure() refuses what no ALTER changes, with the RENAME that makes room", () =>
  withDatabase("renamed", async (opened) => {
    await opened.warehouse.ensure({ ...SALES, storage: STORAGE });
    for (
      const other of [{ partitionBy: "toYear(day)" }, { orderBy: ["day", "id"] }, {
        settings: { index_granularity: 99 },
      }]
    ) {
      assertStringIncludes(await problemOf(opened, { ...STORAGE, ...other }), "RENAME TABLE `renamed`.`sales_rows`");
    }
    assertStringIncludes(await problemOf(opened, ORDER), "as one partition: current value is PARTITION BY toYYYYMM");
  }));

Deno.test("ensure() refuses expressions that ClickHouse refuses, and partitions of more than the key", async (t) => {
  const cases: readonly (readonly [storage: TableStorage, said: string])[] = [
    [{ partitionBy: "_task" }, "which sees the key alone"],
    [{ partitionBy: "rand()" }, "deterministic"],
    [{ ttl: "name RECOMPRESS CODEC(ZSTD(1))" }, "TTL expression"],
    [{ codecs: { name: "Delta" } }, "Delta"],
    [{ settings: { no_such_setting: 1 } }, "no_such_setting"],
    [{ projections: { p: "SELECT nothing GROUP BY nothing" } }, "nothing"],
  ];
  for (const [index, [storage, said]] of cases.entries()) {
    await t.step(JSON.stringify(storage), () =>
      withDatabase(`refused_${index}`, async (opened) => {
        assertStringIncludes(await problemOf(opened, storage), said);
      }));
  }
});

Deno.test("a column's TTL that somebody has set is refused, as it would change rows", () =>
  withDatabase("aged", async (opened) => {
    await opened.warehouse.ensure(SALES);
    const sql = "ALTER TABLE sales_rows MODIFY COLUMN name LowCardinality(String) TTL day + INTERVAL 90 YEAR";
    await opened.connection.command("test", sql);
    const message = await problemOf(opened, undefined);
    assertStringIncludes(message, 'values of "name" that stay');
    await opened.connection.command("repair", message.slice(message.indexOf("ALTER TABLE")));
    assertEquals(await opened.warehouse.ensure(SALES), { created: false, added: [] });
  }));

Deno.test("rows of many partitions are shown, replaced, deleted and cleaned up as those of one", () =>
  withDatabase("monthly", async ({ warehouse, connection }) => {
    const table = { ...SALES, storage: STORAGE };
    await warehouse.ensure(table);
    // More partitions than ClickHouse takes in one insert by default.
    const days = Array.from(
      { length: 250 },
      (_, month) => `${1990 + Math.floor(month / 12)}-${pad(month % 12 + 1)}-07`,
    );
    const upserts = (seq: number) =>
      days.map((day, index) => ({
        line: lineOf(`["${day}",${index},"n${seq}","1.50",null`.replace(/^\["([^"]+)",(\d+)/, '[$2,"$1"')),
        task: "sales@0",
        key: `${day} ${index}`,
        digest: seq,
        epoch: 1,
        seq: seq * 1000 + index,
      }));
    await warehouse.insert({ table, upserts: upserts(1), deletes: [] });
    await warehouse.insert({ table, upserts: upserts(2), deletes: [] });
    const deletes = days.slice(0, 50).map((day, index) => ({
      keyLine: `["${day}",${index}`,
      task: "sales@0",
      key: `${day} ${index}`,
      epoch: 1,
      seq: 9000 + index,
    }));
    await warehouse.insert({ table, upserts: [], deletes });
    const shown = () =>
      warehouse.query("SELECT toString(count()) AS c, uniqExact(name) AS n, sum(amount) AS s FROM sales");
    const expected = [{ c: "200", n: "1", s: "300.00" }];
    assertEquals(await shown(), expected);
    await removeTombstones({ connection, database: "monthly" }, "sales_rows");
    assertEquals(await connection.select("test", "SELECT toString(count()) AS c FROM sales_rows"), [{ c: "200" }]);
    assertEquals(await shown(), expected);
    let rows = 0;
    for await (const chunk of warehouse.shown(table, ["sales@0"])) rows += chunk.length;
    assertEquals(rows, 200);
  }));

const pad = (month: number) => String(month).padStart(2, "0");

Deno.test("ClickHouse parses each statement of a random storage, and writes it as itself", () =>
  withDatabase("default", async ({ connection }) => {
    const random = { next: mulberry32(20) };
    const one = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)];
    const some = <T>(value: () => T): T | undefined => random.next() < 0.5 ? value() : undefined;
    const text = () => one(["plain", "it's", "back\\slash", "a, b", "x = 1", ") ENGINE = Log", "ü TTL"]);
    for (let round = 0; round < 200; round++) {
      const storage: TableStorage = {
        partitionBy: some(() => one(["toYYYYMM(day)", "(id % 8, day)", "cityHash64(`id`) % 4"])),
        orderBy: some(() => one([["id", "day"], ["day", "id"]])),
        ttl: some(() =>
          `day + INTERVAL ${round + 1} DAY ${one(["TO DISK 'd'", "TO VOLUME 'v'", "RECOMPRESS CODEC(T64)"])}`
        ),
        codecs: some(() => ({ [one(["id", "amount"])]: one(["Delta, ZSTD(3)", "T64", "DoubleDelta, LZ4HC(9)"]) })),
        projections: some(() => ({ p: `SELECT name, ${literalOf(text())} AS t, count() GROUP BY name` })),
        settings: some(() => ({
          storage_policy: text(),
          index_granularity: round + 1,
          ttl_only_drop_parts: round % 2 > 0,
        })),
      };
      const { codecs, projections, settings } = storage;
      const statements = [
        createTable({ database: "odd `name`" }, { ...SALES, shares: random.next() < 0.2, storage }),
        createAppendTable({ database: "db" }, {
          ...SALES,
          orderBy: ["id"],
          storage: { codecs, projections, settings },
        }),
      ];
      for (const statement of statements) {
        const asked = `SELECT formatQuerySingleLine(${
          literalOf(statement)
        }) AS once, formatQuerySingleLine(once) AS twice`;
        const [{ once, twice }] = await connection.select("parse", asked);
        assertEquals(once, twice);
        if (settings !== undefined) assertStringIncludes(String(once), literalOf(String(settings.storage_policy)));
      }
    }
  }));

const literalOf = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
