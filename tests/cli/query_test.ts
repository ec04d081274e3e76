import { assert, assertEquals } from "@std/assert";
import { permitted, runMain, withDirectory } from "./support.ts";

Deno.test({
  name: "query shows a syntax error as one, and says of a statement that writes what would run it",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      const cases: readonly (readonly [string, readonly string[]])[] = [
        ["SELEC 1", ["SYNTAX_ERROR", "position 7"]],
        ["DROP", ["Syntax error"]],
        ["DROP TABLE sales_rows", ["statement DROP", "--write"]],
        ["INSERT INTO sales_rows VALUES (1)", ["statement INSERT", "--write"]],
      ];
      for (const [sql, texts] of cases) {
        const { status, err } = await runMain(["query", sql, "--data", directory]);
        assertEquals(status, 1);
        for (const text of texts) assert(err.includes(text), err);
        assert(!err.includes("readonly mode"), err);
      }
    }),
});
