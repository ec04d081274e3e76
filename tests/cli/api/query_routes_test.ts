import { assert, assertEquals } from "@std/assert";
import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import { embeddedLogin } from "../../../src/cli/clickhouse_client.ts";
import { permitted, withDirectory } from "../support.ts";
import { PASSWORD, WatchedInstance } from "./watched_instances.ts";

const ACCOUNTS = {
  writer: { user: "weir", password: "w" },
  reader: { user: "reader", password: "r" },
};

Deno.test({
  name: "POST /api/query reads, and nothing else, within limits that no statement lifts",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const clickhouse = await startEmbeddedClickHouse({ path: `${directory}/clickhouse`, accounts: ACCOUNTS });
      const reader = { url: clickhouse.readerUrl, database: "default", ...embeddedLogin(ACCOUNTS.reader) };
      const instance = new WatchedInstance({ reader });
      const ask = async (body: unknown) => {
        const response = await fetch(`${instance.server.url}/api/query`, {
          method: "POST",
          body: typeof body === "string" ? body : JSON.stringify(body),
          headers: { authorization: `Bearer ${PASSWORD}` },
        });
        return { status: response.status, answer: await response.json() };
      };
      try {
        await reads(ask);
        await refuses(ask, directory);
      } finally {
        await instance.server.close();
        await clickhouse.close();
      }
    }),
});

type Ask = (body: unknown) => Promise<{ status: number; answer: Record<string, unknown> }>;

async function reads(ask: Ask): Promise<void> {
  const sql = "SELECT toInt64(9007199254740993) AS big, toDecimal64('1.50', 2) AS money, 1 AS small, nan AS odd, " +
    "NULL AS none; -- ;";
  const { status, answer: { elapsedMs, ...answer } } = await ask({ sql });
  assertEquals([status, typeof elapsedMs], [200, "number"]);
  assertEquals(answer, {
    columns: [
      { name: "big", type: "Int64" },
      { name: "money", type: "Decimal(18, 2)" },
      { name: "small", type: "UInt8" },
      { name: "odd", type: "Float64" },
      { name: "none", type: "Nullable(Nothing)" },
    ],
    rows: [["9007199254740993", "1.50", 1, "nan", null]],
    rowsRead: 1,
    truncated: false,
  });
  for (
    const read of ["SHOW TABLES", "DESCRIBE TABLE (SELECT 1)", "EXPLAIN SELECT 1", "WITH 1 AS a SELECT a", "(SELECT 1)"]
  ) {
    assertEquals((await ask({ sql: read })).status, 200, read);
  }
  const most = await ask({ sql: "SELECT number FROM numbers(100000000000)" });
  assertEquals([(most.answer.rows as unknown[]).length, most.answer.truncated], [1_000, true]);
  const exact = await ask({ sql: "SELECT number FROM numbers(1000)" });
  assertEquals([(exact.answer.rows as unknown[]).length, exact.answer.truncated], [1_000, false]);
  const hostile = "SELECT '<script>alert(1)</script>' || repeat('x', 1000000)";
  assertEquals(((await ask({ sql: hostile })).answer.rows as string[][])[0][0].length, 1_000_025);
}

async function refuses(ask: Ask, directory: string): Promise<void> {
  for (
    const [sql, said] of [
      ["SELECT 1; SELECT 2", "2 statements"],
      ["CREATE TABLE t (a Int8) ENGINE = Memory", "CREATE"],
      ["INSERT INTO FUNCTION file('x') SELECT 1", "INSERT"],
      ["SET max_result_rows = 0", "SET"],
      ["SELECT 1 SETTINGS max_result_rows = 0", "without SETTINGS"],
      ["SELECT 1 SETTINGS readonly = 0", "without SETTINGS"],
      ["SELECT * FROM file('/etc/passwd', LineAsString)", "164 READONLY"],
      [`SELECT file('${directory}/secret')`, "Ask tables alone"],
      [`DESCRIBE file('${directory}/secret')`, "Ask tables alone"],
      ["SELECT query FROM system.processes", "There are system.tables"],
      ["SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)", "without SETTINGS"],
      ["SELECT * FROM url('http://127.0.0.1:1/', LineAsString)", "164 READONLY"],
      ["SELECT * FROM executable('id', TSV, 'x String')", "164 READONLY"],
      [`SELECT 1 INTO OUTFILE '${directory}/out'`, "OUTFILE"],
      ["SELECT 1 FORMAT CSV", "Syntax error"],
      ["SELECT * FROM nothing", "UNKNOWN_TABLE"],
      ["", "send {"],
    ]
  ) {
    const { status, answer: { error } } = await ask({ sql });
    assertEquals(status, 400, sql);
    assert(String(error).includes(said) && !String(error).includes("written by itself"), String(error));
  }
  assertEquals((await ask({ sql: 7 })).status, 400);
  assertEquals((await ask("[")).status, 400);
  assertEquals((await ask({ sql: `SELECT '${"x".repeat(300_000)}'` })).status, 413);
}
