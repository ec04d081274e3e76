import { assertEquals } from "@std/assert";
import { sharesTable } from "../../src/plan/sink_table.ts";
import type { AggregatePlan } from "../../src/plan/physical.ts";

Deno.test("sharesTable() lets a total be null in every type that holds null", async (t) => {
  const cases: readonly [type: string, expression: string][] = [
    ["String", "CAST(assumeNotNull(max(last)) AS String)"],
    ["Nullable(String)", "CAST(max(last) AS Nullable(String))"],
    ["LowCardinality(String)", "CAST(assumeNotNull(max(last)) AS LowCardinality(String))"],
    ["LowCardinality(Nullable(String))", "CAST(max(last) AS LowCardinality(Nullable(String)))"],
  ];
  for (const [type, expression] of cases) {
    await t.step(type, () => {
      const spec = { kind: "max", value: () => "" };
      const aggregate = { columns: [{ name: "last", spec }] } as unknown as AggregatePlan;
      const sink = { name: "shown", key: ["id"], columns: { id: "Int64", last: type }, indexes: {} };
      assertEquals(sharesTable(sink, aggregate).view!.map((column) => column.expression), [expression]);
    });
  }
});
