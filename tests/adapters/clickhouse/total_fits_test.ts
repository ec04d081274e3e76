import { assertEquals } from "@std/assert";
import { fittedTotal } from "../../../src/adapters/clickhouse/total_fits.ts";

Deno.test("fittedTotal() has no condition where the column takes every total of the type", () => {
  assertEquals(fittedTotal("Int64", { sql: "total", type: "Int64", lost: null }), {
    fits: "true",
    value: "CAST(total AS Int64)",
  });
  assertEquals(fittedTotal("Int32", { sql: "total", type: "Int64", lost: null }).fits.includes(">="), true);
});
