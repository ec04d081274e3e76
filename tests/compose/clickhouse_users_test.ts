import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "../../src/adapters/clickhouse/connection.ts";
import { openClickHouse } from "../../src/adapters/clickhouse/open_clickhouse.ts";
import { removeTombstones } from "../../src/adapters/clickhouse/tombstones.ts";
import { selectLines } from "../../src/cli/verify/shown_rows.ts";
import { ConfigError } from "../../src/record/errors.ts";
import { collect, PARTIAL, PLAIN, sale } from "../ports/warehouse_fixtures.ts";
import { type ClickHouseAs, startClickHouseAs } from "./clickhouse_as.ts";
import { allowed, readText } from "./compose_files.ts";

const ignore = !allowed;
const DATABASE = "online_store";
const READER_ROWS_MAX = 1_000_000;

/** ClickHouse's codes of a refusal. */
const ACCESS_DENIED = "497";
const READONLY = "164";
const UNKNOWN_USER_SETTING = "452";

let path: string;

/** Runs with ClickHouse answering as `user`, on the data that earlier ones left. */
async function as(user: string, use: (clickhouse: ClickHouseAs) => Promise<void>): Promise<void> {
  const clickhouse = await startClickHouseAs(path, user);
  try {
    await use(clickhouse);
  } finally {
    await clickhouse.close();
  }
}

async function assertRefused(
  clickhouse: Pick<ClickHouseAs, "ask">,
  { sql, codes }: { sql: string; codes: readonly string[] },
): Promise<void> {
  const { text, code } = await clickhouse.ask(sql);
  assert(codes.includes(code ?? "none"), `${sql}: ${text}`);
}

Deno.test.beforeAll(async () => {
  if (ignore) return;
  path = await Deno.makeTempDir({ prefix: "weir-clickhouse-" });
  await as("administrator", async (clickhouse) => {
    for (const statement of readText("compose/init/clickhouse/01_databases.sql").split(";")) {
      const sql = statement.replaceAll(/^--.*$/gm, "").trim();
      if (sql !== "") assertEquals(await clickhouse.ask(sql), { text: "", code: null });
    }
    for (const sql of ["CREATE DATABASE other", "CREATE TABLE other.t (a Int64) ENGINE = MergeTree ORDER BY a"]) {
      assertEquals((await clickhouse.ask(sql)).code, null);
    }
  });
});

Deno.test.afterAll(async () => {
  if (!ignore) await Deno.remove(path, { recursive: true });
});

Deno.test({
  name: "user weir_writer can do all that the ClickHouse adapter does, in its own database",
  ignore,
  fn: () =>
    as("weir_writer", async ({ url, ask }) => {
      const warehouse = openClickHouse({ url, database: DATABASE });
      await warehouse.ping();
      for (const table of [PLAIN, PARTIAL]) assertEquals((await warehouse.ensure(table)).created, true);
      await warehouse.insert({ table: PLAIN, upserts: [sale(1), sale(2)], deletes: [] });
      assertEquals((await collect(warehouse.shown(PLAIN, ["sales@0"]))).length, 2);
      assertEquals((await collect(warehouse.orphans(PLAIN, ["sales@1"]))).length, 2);
      assertEquals((await warehouse.greatestEpochs(PLAIN, ["sales@0"])).get("sales@0"), 1);
      // A column and an index more: ALTER TABLE, and the view anew.
      const columns = [...PLAIN.columns, { name: "added", type: "Nullable(Int64)" }];
      assertEquals(await warehouse.ensure({ ...PLAIN, columns, indexes: { amount: "minmax" } }), {
        created: false,
        added: ["added"],
      });
      assertEquals(await warehouse.query("SELECT count() AS n FROM sales WHERE added IS NULL"), [{ n: "2" }]);
      await warehouse.close();
      const connection = connect({ url, database: DATABASE });
      await removeTombstones({ connection, database: DATABASE }, "sales_rows");
      await connection.close();
      assertEquals((await ask("KILL QUERY WHERE query_id = 'one that is given up' ASYNC")).code, null);
    }),
});

Deno.test({
  name: "user weir_writer can do nothing in another database, to users, or to the server",
  ignore,
  fn: () =>
    as("weir_writer", async (clickhouse) => {
      const refused = [
        "SELECT * FROM other.t",
        "INSERT INTO other.t VALUES (1)",
        "CREATE TABLE other.u (a Int8) ENGINE = Memory",
        "DROP TABLE other.t",
        "CREATE DATABASE mine",
        "DROP DATABASE online_store",
        "DROP TABLE online_store.sales_rows",
        "TRUNCATE TABLE online_store.sales_rows",
        "CREATE USER mine IDENTIFIED WITH no_password",
        "GRANT SELECT ON *.* TO default",
        "SELECT * FROM system.users",
        "SYSTEM SHUTDOWN",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
        "SELECT * FROM file('/etc/passwd', 'LineAsString', 'a String')",
        "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
      ];
      for (const sql of refused) await assertRefused(clickhouse, { sql, codes: [ACCESS_DENIED] });
      assertEquals((await clickhouse.ask("SELECT count() FROM system.tables WHERE database = 'other'")).text, "0\n");
      const warehouse = openClickHouse({ url: clickhouse.url, database: "other" });
      await assertRejects(() => warehouse.ensure(PLAIN), ConfigError, "ACCESS_DENIED");
      await warehouse.close();
    }),
});

Deno.test({
  name: "user weir_proof reads the store with settings of its own, and nothing else",
  ignore,
  fn: () =>
    as("weir_proof", async (clickhouse) => {
      const connection = connect({ url: clickhouse.url, database: DATABASE });
      const lines = selectLines(connection, { action: "read", sql: "SELECT count() FROM online_store.sales" });
      assertEquals((await Array.fromAsync(lines)).flat(), ["[2]"]);
      await connection.close();
      const refused = [
        "INSERT INTO online_store.sales_rows (id) VALUES (1)",
        "ALTER TABLE online_store.sales_rows DELETE WHERE 1",
        "CREATE TABLE online_store.mine (a Int8) ENGINE = Memory",
        "SELECT * FROM other.t",
        "SELECT * FROM system.users",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
      ];
      for (const sql of refused) await assertRefused(clickhouse, { sql, codes: [ACCESS_DENIED, READONLY] });
    }),
});

Deno.test({
  name: "user grafana_reader reads the store and writes nothing",
  ignore,
  fn: () =>
    as("grafana_reader", async (clickhouse) => {
      assertEquals((await clickhouse.ask("SELECT count() FROM online_store.sales")).text, "2\n");
      assertEquals((await clickhouse.ask("SELECT name FROM system.tables WHERE name = 'sales'")).text, "sales\n");
      const refused = [
        "INSERT INTO online_store.sales_rows (id) VALUES (3)",
        "CREATE TABLE online_store.mine (a Int8) ENGINE = Memory",
        "ALTER TABLE online_store.sales_rows DELETE WHERE 1",
        "DROP TABLE online_store.sales_rows",
        "DROP VIEW online_store.sales",
        "OPTIMIZE TABLE online_store.sales_rows FINAL",
        "SELECT * FROM other.t",
        "SELECT * FROM system.users",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
        "SELECT * FROM file('/etc/passwd', 'LineAsString', 'a String')",
      ];
      for (const sql of refused) await assertRefused(clickhouse, { sql, codes: [ACCESS_DENIED, READONLY] });
    }),
});

Deno.test({
  name: "user grafana_reader cannot ask for more than its limits, nor change them",
  ignore,
  fn: () =>
    as("grafana_reader", async (clickhouse) => {
      const setting = async (name: string) => (await clickhouse.ask(`SELECT getSetting('${name}')`)).text.trim();
      assertEquals([await setting("readonly"), await setting("max_execution_time")], ["1", "30"]);
      assertEquals(await setting("max_result_rows"), String(READER_ROWS_MAX));
      for (const name of ["max_result_rows", "max_memory_usage", "readonly", "max_threads"]) {
        const sql = `SELECT 1 SETTINGS ${name} = 3`;
        await assertRefused(clickhouse, { sql, codes: [READONLY, UNKNOWN_USER_SETTING] });
      }
      const many = await clickhouse.ask(`SELECT number FROM numbers(${READER_ROWS_MAX + 1}) FORMAT JSON`);
      assertStringIncludes(many.text, "Limit for result exceeded");
      const large = await clickhouse.ask(
        "SELECT length(groupArray(repeat('x', 10000) || toString(number))) FROM numbers(1000000)",
      );
      assertEquals(large.code, "241", large.text);
    }),
});

Deno.test({
  name: "user grafana_reader is not shown an older version of a row by a skipping index",
  ignore,
  fn: async () => {
    const table = { ...PLAIN, name: "moved", indexes: { amount: "minmax" } };
    await as("weir_writer", async ({ url }) => {
      const warehouse = openClickHouse({ url, database: DATABASE });
      await warehouse.ensure(table);
      // Two parts: in the older one the row is in the range asked for, in the newer one it no longer is.
      await warehouse.insert({ table, upserts: [sale(1, { epoch: 1 }, "5.00")], deletes: [] });
      await warehouse.insert({ table, upserts: [sale(1, { epoch: 2 }, "500.00")], deletes: [] });
      await warehouse.close();
    });
    await as("grafana_reader", async ({ ask }) => {
      const inRange = `SELECT count() FROM ${DATABASE}.moved WHERE amount < 10`;
      assertEquals((await ask(inRange)).text, "0\n");
      assertStringIncludes((await ask(`EXPLAIN indexes = 1 ${inRange}`)).text, "Name: amount_minmax");
      // A server's default may change; the profile may not.
      for (const name of ["use_skip_indexes_if_final", "use_skip_indexes_if_final_exact_mode"]) {
        assertEquals((await ask(`SELECT getSetting('${name}')`)).text, "true\n");
        await assertRefused({ ask }, { sql: `${inRange} SETTINGS ${name} = 0`, codes: [READONLY] });
      }
      assertEquals((await ask("SELECT getSetting('max_threads_min_free_memory_per_thread')")).text, "134217728\n");
    });
  },
});

Deno.test({
  name: "neither user has queries compiled that would take dates before 1970 for the greatest",
  ignore,
  fn: async () => {
    for (const user of ["weir_writer", "grafana_reader"]) {
      await as(user, async ({ ask }) => {
        assertEquals((await ask("SELECT getSetting('compile_aggregate_expressions')")).text, "false\n");
      });
    }
  },
});

Deno.test("users.xml lets grafana_reader change max_execution_time alone, up to a minute", () => {
  const users = readText("compose/init/clickhouse/users.xml");
  const [, constraints] = /<constraints>([\s\S]*)<\/constraints>/.exec(users)!;
  const settings = [...constraints.replaceAll(/<(max|min)>\d+<\/\1>/g, "").matchAll(/<(\w+)>/g)].map(([, name]) =>
    name
  );
  assertEquals(settings, ["max_execution_time"]);
  assert(/<max>60<\/max>\s*<changeable_in_readonly\s*\/>/.test(constraints));
  // Without it the server refuses to start with the constraint above.
  const server = readText("compose/init/clickhouse/server.xml");
  assertStringIncludes(server, "<settings_constraints_replace_previous>true</settings_constraints_replace_previous>");
});

Deno.test({
  name: "users.xml gives grafana_reader a quota that stops a runaway, not a second viewer",
  ignore,
  fn: () =>
    as("administrator", async ({ ask }) => {
      const limits = async (columns: string) =>
        (await ask(`SELECT ${columns} FROM system.quota_limits WHERE quota_name = 'grafana_reader'`)).text.trim();
      assertEquals(await limits("duration, max_queries, max_errors, max_execution_time"), "60\t3000\t500\t900");
      // What cannot be reached stops nobody: so many queries at once, for the whole minute.
      const users = readText("compose/init/clickhouse/users.xml");
      const [, reader] = /<profiles>[\s\S]*?<grafana_reader>([\s\S]*?)<\/grafana_reader>/.exec(users)!;
      const [, most] = /<max_concurrent_queries_for_user>(\d+)</.exec(reader)!;
      assert(Number(await limits("max_execution_time")) < Number(most) * 60);
    }),
});

Deno.test("users.xml gives nobody a password, and the administrator no network", () => {
  const users = readText("compose/init/clickhouse/users.xml").replaceAll(/<!--[\s\S]*?-->/g, "");
  assert(!/<(password|no_password)/.test(users));
  const [, administrator] = /<default>([\s\S]*?)<\/default>/.exec(users)!;
  const networks = [...administrator.matchAll(/<ip>([^<]*)<\/ip>/g)].map(([, ip]) => ip);
  assertEquals(networks, ["127.0.0.1", "::1"]);
  assertStringIncludes(administrator, '<networks replace="replace">');
});
