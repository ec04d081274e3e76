import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, int8, sum, topology } from "../../src/mod.ts";
import { computeSinks } from "../../src/oracle/oracle.ts";

const things = debezium("t.public.things", { key: ["id"], row: z.object({ id: int8(), kind: z.string() }) });
const rows = clickhouse("rows", { key: ["id"], columns: { id: "Int64", kind: "String" } });
const totals = clickhouse("totals", { key: ["kind"], columns: { kind: "String", things: "UInt64", size: "Int64" } });

Deno.test("computeSinks() tells operator, key and error of every row that it cannot compute", () => {
  const refused: string[] = [];
  const mistaken = topology("things", (builder) => {
    const all = builder.table(things);
    all.filter((row) => {
      if (row.kind === "a") throw new TypeError("no a");
      return true;
    }).to(rows);
    // A typo that types would have found.
    all.groupBy((row) => ({ kind: row.kind === "b" ? (row as never)["kin"] : row.kind }))
      .aggregate("per-kind", { things: count(), size: sum((row) => row.kind === "c" ? 0.5 as never : 1) }).to(totals);
  });
  const sinks = computeSinks(mistaken, () => ["a", "b", "c"].map((kind, id) => [id, { id, kind }] as const), {
    onRefused: ({ operator, key, error }) => refused.push(`${operator} ${key}: ${(error as Error).message}`),
  });
  assertEquals([...sinks].map(([, { rows }]) => rows.size), [2, 1]);
  assertEquals(refused, [
    "things.filter 0: no a",
    'per-kind 1: Group column "kind" is undefined',
    "per-kind 2: Cannot add up 0.5 exactly",
  ]);
});
