import { assertEquals, assertStringIncludes } from "@std/assert";
import type { TotalSpec } from "../../src/dsl/aggregate_spec.ts";
import type { AggregatePlan } from "../../src/plan/physical.ts";
import { shareSinkProblems, sharesTable } from "../../src/plan/sink_table.ts";

const aggregateOf = (columns: Record<string, Pick<TotalSpec, "kind" | "scale">>) =>
  ({
    name: "by-id",
    columns: Object.entries(columns).map(([name, spec]) => ({ name, spec: { ...spec, value: () => 0 } })),
  }) as unknown as AggregatePlan;

const sinkOf = (columns: Record<string, string>) => ({
  name: "shown",
  key: ["id"],
  columns: { id: "Int64", ...columns },
  indexes: {},
});

Deno.test("sharesTable() keeps shares wider than any total, and of texts as texts", async (t) => {
  const cases: readonly [kind: TotalSpec["kind"], type: string, shares: string][] = [
    ["sum", "UInt8", "total Int128"],
    ["sum", "UInt128", "total Int256"],
    ["sum", "Decimal(9, 2)", "total Decimal(38, 2), total__rest Decimal(76, 38)"],
    ["sum", "Decimal(38, 30)", "total Decimal(76, 30), total__rest Decimal(76, 38)"],
    ["sum", "Float64", "total Int128"],
    ["count", "Nullable(UInt8)", "total Int64"],
    ["avg", "Decimal(9, 4)", "total__sum Decimal(38, 4), total__rest Decimal(76, 38), total__count Int64"],
    ["min", "Int8", "total Nullable(Int128)"],
    ["max", "UInt256", "total Nullable(UInt256)"],
    ["max", "Decimal(9, 2)", "total Nullable(Decimal(38, 16))"],
    ["max", "Decimal(38, 2)", "total Nullable(Decimal(76, 22))"],
    ["min", "Date", "total Nullable(Int64)"],
    ["min", "DateTime64(6)", "total Nullable(Int64)"],
    ["max", "UUID", "total Nullable(String)"],
    ["max", "LowCardinality(Nullable(String))", "total Nullable(String)"],
    ["max", "Enum8('a' = 1)", "total Nullable(String)"],
  ];
  for (const [kind, type, shares] of cases) {
    await t.step(`${kind} as ${type}`, () => {
      const table = sharesTable(sinkOf({ total: type }), aggregateOf({ total: { kind, scale: 4 } }));
      const columns = table.columns.map((column) => `${column.name} ${column.type}`);
      assertEquals(columns.join(", "), `id Int64, ${shares}, _refused UInt8`);
    });
  }
});

Deno.test("shareSinkProblems() refuses types that no total, or none in its order, can have", async (t) => {
  const cases: readonly [kind: TotalSpec["kind"], type: string, advice: string][] = [
    ["sum", "String", "Declare an Int"],
    ["count", "Date", "Declare an Int"],
    ["sum", "Decimal(76, 50)", "at most 38 fraction digits"],
    ["avg", "Float64", "Declare a Decimal"],
    ["avg", "Decimal(18, 2)", "avg(..., 2)"],
    ["min", "Bool", "gives no value of it"],
    ["min", "IPv4", "String"],
    ["max", "IPv6", "String"],
    ["min", "Array(String)", "String"],
    ["max", "JSON", "DateTime64"],
  ];
  for (const [kind, type, advice] of cases) {
    await t.step(`${kind} as ${type}`, () => {
      const problems = shareSinkProblems(sinkOf({ total: type }), aggregateOf({ total: { kind, scale: 4 } }));
      assertEquals(problems.length, 1);
      assertStringIncludes(problems[0], `Column "total" of sink "shown" cannot be ${type}`);
      assertStringIncludes(problems[0], advice);
    });
  }
});

Deno.test("shareSinkProblems() refuses columns named as those that shares are kept in", () => {
  const sink = sinkOf({ x: "Decimal(9, 4)", x__sum: "Int64", _refused: "Int64" });
  const sum = { kind: "sum", scale: 0 } as const;
  const aggregate = aggregateOf({ x: { kind: "avg", scale: 4 }, x__sum: sum, _refused: sum });
  assertEquals(shareSinkProblems(sink, aggregate), [
    'Column "x__sum" of sink "shown" has the name under which the total "x" keeps its shares. Choose another name',
    'Column "_refused" of sink "shown" is kept for bookkeeping. Choose another name',
  ]);
});
