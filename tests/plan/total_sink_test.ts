import { assertEquals } from "@std/assert";
import {
  argMax,
  clickhouse,
  collect,
  count,
  countDistinct,
  sum,
  topN,
  topology,
  TopologyError,
} from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { a } from "../processor/shop.ts";

// deno-lint-ignore no-explicit-any -- these sinks are wrong in ways that the compiler would refuse
type Untyped = any;

const AGGREGATES = {
  rows: count(),
  units: sum((row: (typeof a)["~row"]) => row.units),
  refs: countDistinct((row: (typeof a)["~row"]) => row.ref),
  best: argMax((row: (typeof a)["~row"]) => row.units, (row) => row.id),
  top: topN(3, { by: (row: (typeof a)["~row"]) => row.units, value: (row) => row.id }),
  all: collect((row: (typeof a)["~row"]) => row.id, { by: (row) => row.id, max: 9 }),
};

function shownBy(columns: Readonly<Record<string, string>>) {
  return topology(
    "ranked",
    (builder) =>
      builder.table(a).groupBy(({ text }) => ({ text })).aggregate("by-text", AGGREGATES)
        .to(clickhouse("shown", { key: ["text"], columns: { text: "String", ...columns } }) as Untyped),
  );
}

function problemsOf(declare: () => unknown): readonly string[] {
  try {
    declare();
    return [];
  } catch (error) {
    if (error instanceof TopologyError) return error.problems;
    throw error;
  }
}

Deno.test("compile() has totals that no view can make held by merge tasks, and written as rows", () => {
  const declared = shownBy({ rows: "UInt64", best: "Int64", top: "Array(Int64)" });
  const plan = compile(declared);
  assertEquals(plan.tables.map(({ name, members }) => [name, members[0].kind]), [["a", "source"], [
    "by-text",
    "merge",
  ]]);
  const { operators, sinks, costs } = describe(plan, declared);
  assertEquals(sinks.map(({ from, holds }) => [from, holds]), [["by-text", "rows"]]);
  assertEquals(costs[0].messages, [
    "by-text: 1 share for each group that it leaves or enters",
    "by-text: 1 value of refs for each that the task's rows of a group had not, or have no more",
  ]);
  assertEquals(operators[1].totals, [
    "rows = count",
    "units = sum",
    "refs = countDistinct",
    "best = argMax",
    "top = topN(3)",
    "all = collect(9)",
  ]);
});

Deno.test("compile() refuses a column that is no list for a list, and one that is neither total nor group", () => {
  assertEquals(problemsOf(() => compile(shownBy({ refs: "String", top: "Int64", all: "String", other: "String" }))), [
    'Column "other" of sink "shown" is neither a total of aggregate "by-text" nor part of the sink\'s key. All group ' +
    'columns belong to the key: key: [..., "other"]',
    'Column "refs" of sink "shown" cannot be String: countDistinct() gives a number. Declare an Int, UInt, Float or ' +
    "Decimal",
    'Column "top" of sink "shown" cannot be Int64: topN() gives a list. Declare Array(Int64)',
    'Column "all" of sink "shown" cannot be String: collect() gives a list. Declare Array(String)',
  ]);
});
