import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, count, debezium, topology } from "../../src/mod.ts";
import { compile } from "../../src/plan/compile.ts";
import { outputsOf, sinksOf } from "../../src/plan/outputs_of.ts";

const things = debezium("shop.public.things", { key: ["id"], row: z.object({ id: z.int(), kind: z.int() }) });
const columns = { id: "Int64", kind: "Int64" } as const;

/** Things as they are, their numbers by kind straight to ClickHouse, and again by the size of that number. */
const plan = compile(topology("things", (builder) => {
  const table = builder.table(things);
  const byKind = table.groupBy(({ kind }) => ({ kind }));
  const totals = byKind.aggregate("totals", { things: count() });
  const kinds = byKind.aggregate("kinds", { things: count() });
  totals.groupBy(({ things }) => ({ things })).aggregate("sizes", { kinds: count() })
    .to(clickhouse("sizes", { key: ["things"], columns: { things: "Int64", kinds: "Int64" } }));
  totals.to(clickhouse("totals", { key: ["kind"], columns: { kind: "Int64", things: "Int64" } }));
  kinds.to(clickhouse("kinds", { key: ["kind"], columns: { kind: "Int64", things: "Int64" } }));
  table.to(clickhouse("things", { key: ["id"], columns }));
}));

Deno.test("compile() tells each member of a table of totals whose rows it adds up", () => {
  const homes = plan.tables.flatMap(({ members }) =>
    members.map((member) => [member.name, member.kind === "merge" ? plan.tables[member.home].name : null])
  );
  assertEquals(homes, [["things", null], ["totals", "things"]]);
});

Deno.test("outputsOf() gives the rows that a table's tasks write, then the shares", () => {
  const outputs = plan.tables.map((table) => outputsOf(table).map(({ kind, sink, index }) => [kind, sink.name, index]));
  assertEquals(outputs, [
    [["rows", "things", 0], ["shares", "kinds", 1]],
    [["rows", "totals", 0], ["shares", "sizes", 0]],
  ]);
  assertEquals(sinksOf(plan).map(({ name }) => name), ["things", "kinds", "totals", "sizes"]);
});
