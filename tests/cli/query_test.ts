import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openDirectory } from "../../src/cli/embedded_directory.ts";
import { permitted, runMain, startMain, withDirectory } from "./support.ts";

/** A data directory with a ClickHouse in which nothing is yet. */
async function initialize(directory: string): Promise<void> {
  const opened = await openDirectory(directory);
  await opened.close();
}

Deno.test({
  name: "query --write runs statements in a data directory on which nothing runs, until one fails",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await initialize(directory);
      const query = (...args: string[]) => runMain(["query", ...args, "--data", directory]);
      const database = await query("--write", "CREATE DATABASE IF NOT EXISTS other");
      assertEquals([database.status, database.err], [0, ""]);
      const made = await query(
        "--write",
        "CREATE TABLE other.t (a Int64, b String) ENGINE = MergeTree ORDER BY a; " +
          "INSERT INTO other.t VALUES (1, 'x; y'), (2, 'z'); -- and\n ALTER TABLE other.t UPDATE b = 'w' WHERE a = 2;",
      );
      assertEquals([made.status, made.out.split("\n").filter((line) => line.startsWith("Done: ")).length], [0, 3]);
      const both = await query(
        "--write",
        "DELETE FROM other.t WHERE a = 1; SELECT a, b FROM other.t",
        "--format",
        "json",
      );
      assertEquals(both.status, 0, both.err);
      assertEquals(JSON.parse(both.out.slice(both.out.indexOf("["))), [{ a: 2, b: "w" }]);

      const failed = await query("--write", "DROP TABLE other.none; DROP TABLE other.t");
      assertEquals([failed.status, failed.out], [1, ""]);
      assertStringIncludes(failed.err, 'Cannot run "DROP TABLE other.none": ClickHouse answered 60 UNKNOWN_TABLE');
      const refused = await query("DROP TABLE other.t");
      assertEquals([refused.status, refused.out], [1, ""]);
      assertStringIncludes(refused.err, "it writes. If that is meant, put --write before it");
      assertEquals((await query("SELECT count() AS n FROM other.t", "--format", "json")).out, '[\n{"n":1}\n]\n');
    }),
});

Deno.test({
  name: "query --write runs statements on the ClickHouse of a running instance",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const data = ["--data", directory];
      const running = startMain(["start", "mirror", "--no-check", ...data, "--port", "0", "--demo-size", "small"]);
      try {
        await running.event(({ event }) => event === "started");
        const dropped = await runMain(["query", "--write", "DROP VIEW users; DROP TABLE users_rows", ...data]);
        assertEquals([dropped.status, dropped.out], [0, "Done: DROP VIEW users\nDone: DROP TABLE users_rows\n"]);
        // The instance notices, makes both again and fills them.
        const { rows, message } = await running.event(({ event, rows }) => event === "made again" && rows !== null) as {
          rows: number;
          message: string;
        };
        assert(rows > 0, message);
        const shown = await runMain(["query", "SELECT count() AS n FROM users", ...data, "--format", "json"]);
        assert(JSON.parse(shown.out)[0].n >= rows, shown.out + shown.err);
      } finally {
        running.child.kill("SIGTERM");
        assertEquals((await running.finished).status, 0);
      }
    }),
});

Deno.test({
  name: "query says of a table that is not there which ones are, and which was probably meant",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await initialize(directory);
      const query = (...args: string[]) => runMain(["query", ...args, "--data", directory]);
      const end = "a topology makes its tables when it starts";
      const none = await query("SELECT * FROM sale");
      assertEquals(none.status, 1);
      assertStringIncludes(none.err, "UNKNOWN_TABLE");
      assertStringIncludes(none.err, `. There is no table yet: ${end}\n`);
      const made = "CREATE TABLE sales_rows (a Int8) ENGINE = Memory; CREATE VIEW sales AS SELECT a FROM sales_rows; " +
        "CREATE TABLE app_rows (a Int8) ENGINE = Memory";
      assertEquals((await query("--write", made)).status, 0);
      for (const sql of ["SELECT * FROM sale", "SELECT 1 FROM default.sale", "DESCRIBE TABLE sale"]) {
        assertStringIncludes((await query(sql)).err, `. There is app_rows, sales: ${end}. Did you mean "sales"?\n`);
      }
    }),
});

Deno.test({
  name: "query shows a syntax error as one, and says of a statement that writes what would run it",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const cases: readonly (readonly [string, readonly string[]])[] = [
        ["SELEC 1", ["SYNTAX_ERROR", "position 7"]],
        ["DROP TABLE sales_rows", ["it writes", "--write"]],
        ["INSERT INTO sales_rows VALUES (1)", ["it writes", "--write"]],
        ["SET max_threads = 1", ["statement SET", "--write"]],
        ["SELECT file('/etc/hostname')", ["Cannot call file(...)", "--write"]],
        ["SELECT 1 SETTINGS max_threads = 1", ["SETTINGS", "--write"]],
      ];
      for (const [sql, texts] of cases) {
        const { status, err } = await runMain(["query", sql, "--data", directory]);
        assertEquals(status, 1);
        for (const text of texts) assert(err.includes(text), err);
        assert(!err.includes("readonly mode"), err);
      }
    }),
});
