import { assertEquals } from "@std/assert";
import { readStale, staleLines, StaleReport, type StaleRun } from "../../src/cli/stale_report.ts";
import { permitted, runMain, withDirectory } from "./support.ts";

function runOf(
  name: string,
  { keys, ready = "yes" }: { readonly keys: number; readonly ready?: "yes" | "no" },
): StaleRun {
  const stale = keys === 0 ? [] : [{ table: "orders", keys }];
  return { name, runner: { ready: ready === "yes", status: () => ({ stale }) } };
}

Deno.test(
  "StaleReport keeps what is stale for commands that come later",
  { ignore: !permitted },
  () =>
    withDirectory((directory) => {
      assertEquals(readStale(directory), []);
      const report = new StaleReport(directory);
      report.update([runOf("sales", { keys: 2 }), runOf("stock", { keys: 1 })]);
      assertEquals(staleLines(readStale(directory)), [
        'sales: 2 keys of table "orders" are stale: the last change could not be read, so ClickHouse shows what was ' +
        "before it",
        'stock: 1 key of table "orders" is stale: the last change could not be read, so ClickHouse shows what was ' +
        "before it",
      ]);
      // A new instance that has not read everything yet does not know better.
      const next = new StaleReport(directory);
      next.update([runOf("sales", { keys: 0, ready: "no" }), runOf("stock", { keys: 0 })]);
      assertEquals(readStale(directory), [{ topology: "sales", table: "orders", keys: 2 }]);
      next.update([runOf("sales", { keys: 0 })]);
      assertEquals(readStale(directory), []);
      return Promise.resolve();
    }),
);

Deno.test("dlq lists the tables that are stale", { ignore: !permitted }, () =>
  withDirectory(async (directory) => {
    new StaleReport(directory).update([runOf("sales", { keys: 2 }), runOf("stock", { keys: 1 })]);
    const all = await runMain(["dlq", "--data", directory]);
    assertEquals(all.out.trim().split("\n").map((line) => line.slice(0, 26)), [
      "No dead letters",
      'sales: 2 keys of table "or',
      'stock: 1 key of table "ord',
    ]);
    const one = await runMain(["dlq", "--data", directory, "--topology", "stock"]);
    assertEquals(one.out.trim().split("\n").length, 2, one.out);
  }));

Deno.test("StaleReport writes nothing where there is no data directory", { ignore: !permitted }, () => {
  new StaleReport("/no/such/directory").update([runOf("sales", { keys: 2 })]);
});
