import { assertEquals } from "@std/assert";
import { forbiddenNull } from "../../../src/adapters/clickhouse/refuse_nulls.ts";
import { lineOf } from "../../line_bytes.ts";

const COLUMNS = [
  { name: "id", type: "Int64" },
  { name: "note", type: "Nullable(String)" },
  { name: "tags", type: "Array(Nullable(String))" },
  { name: "kind", type: "LowCardinality(Nullable(String))" },
  { name: "day", type: "Date" },
  { name: "scores", type: "Array(Array(Int64))" },
];

Deno.test("forbiddenNull() finds null where a column, or the arrays in it, cannot hold it", async (t) => {
  const cases: [string, string | null][] = [
    ['[1,"a",["b"],"c",19000', null],
    ['[1,null,[null,"null"],null,19000', null],
    ['[null,"a",[],"c",19000', "id"],
    ['[1,"null",[],"a,null,null,null,null",null', "day"],
    ['[1,"\\"null,",[],"\\\\",null', "day"],
    ['[1,"x\\\\\\",null",null,"c",19000', "tags"],
    ["[1,null,[[null],{}],null,null", "day"],
    ["[null", "id"],
    ["[1,null,[],null,2,[[1],[2,3]],null", null],
    ["[1,null,[],null,2,[[1],[2,null]]", "scores"],
    ["[1,null,[],null,2,[[1],null]", "scores"],
    ["[1,null,[],null,2,null", "scores"],
  ];
  for (const [line, expected] of cases) {
    await t.step(line, () => assertEquals(forbiddenNull(lineOf(line), COLUMNS)?.name ?? null, expected));
  }
});
